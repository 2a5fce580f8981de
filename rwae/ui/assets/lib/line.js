// How slow the line to the server is, and how good the pictures of a drag may be because of it.

const WEIGHT = 0.3; // of the newest answer in the mean
const STEPS = [
  // milliseconds of an answer's way, from which on the quality of a JPEG is lower
  [900, 35],
  [400, 55],
  [200, 75],
];

export class Line {
  #mean = null;

  // milliseconds: from a request to its answer, without the time in which the server decoded.
  note(milliseconds) {
    const way = Math.max(0, milliseconds);
    this.#mean = this.#mean === null ? way : this.#mean + WEIGHT * (way - this.#mean);
  }

  // What to ask for; null for the usual quality, which is the best.
  get quality() {
    return STEPS.find(([from]) => this.#mean >= from)?.[1] ?? null;
  }
}
