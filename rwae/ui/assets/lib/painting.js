// Painting over the pixels of one cell, with steps that can be taken back.

import { SIDE } from "./spritesheet.js";

const MOST_STEPS = 100; // that can be taken back

export class Painting {
  #past = [];
  #future = [];

  constructor(pixels) {
    this.pixels = pixels.slice();
    this.stroke = null; // where the last point of the stroke is
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  // The colour at a point: [red, green, blue, alpha].
  at(x, y) {
    const at = 4 * (y * SIDE + x);
    return [...this.pixels.subarray(at, at + 4)];
  }

  // Begins a stroke, which is one step.
  begin() {
    this.#past.push(this.pixels.slice());
    if (this.#past.length > MOST_STEPS) this.#past.shift();
    this.#future = [];
    this.stroke = null;
  }

  // Goes on with the stroke: a line of single pixels from its last point.
  paint(x, y, colour) {
    const [fromX, fromY] = this.stroke ?? [x, y];
    const steps = Math.max(Math.abs(x - fromX), Math.abs(y - fromY));
    for (let step = 0; step <= steps; step += 1) {
      const share = steps ? step / steps : 0;
      this.#set(
        Math.round(fromX + share * (x - fromX)),
        Math.round(fromY + share * (y - fromY)),
        colour,
      );
    }
    this.stroke = [x, y];
  }

  #set(x, y, colour) {
    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) return;
    this.pixels.set(colour, 4 * (y * SIDE + x));
  }

  // Takes other pixels in the place of all, in one step.
  replace(pixels) {
    this.begin();
    this.pixels = pixels.slice();
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.pixels);
    this.pixels = from.pop();
  }
}
