// The live player: sheets of decoded frames, a clock, canvases that show a frame, all frames side
// by side, and the controls.

import { Line } from "../lib/line.js";
import { FINE_SIDE, isEven } from "../lib/scale.js";
import { browserDecoder, findDecoder, nextFrame } from "./decoding.js";
import { fillTrack, icon, make, parts, prefersReducedMotion } from "./dom.js";

// A picture with a row for each clip and a column for each frame.
export class Sheet {
  // `image` may be a canvas as well. `writable`: whether nobody else shows it, so that frames may
  // be drawn into it.
  constructor(image, side, writable = false) {
    Object.assign(this, { image, side, writable });
    this.frames = Math.round((image.naturalWidth ?? image.width) / side);
  }

  // Not by `image.decode()`: it waits for the next time the page is painted.
  static load(address, side) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(new Sheet(image, side));
      image.onerror = () => reject(new Error("The picture cannot be shown."));
      image.src = address;
    });
  }

  draw(context, row, frame, left = 0) {
    const s = this.side;
    const column = frame % this.frames; // a shorter clip starts again beside a longer one
    context.clearRect(left, 0, s, s);
    context.drawImage(this.image, column * s, row * s, s, s, left, 0, s, s);
  }

  // A copy of the first frames of a row, which may be drawn into.
  writableRow(row, frames) {
    const { image, side } = this;
    const [width, height] = [frames * side, side];
    const canvas = make("canvas", "", { width, height });
    const context = canvas.getContext("2d", IN_MEMORY);
    context.drawImage(image, 0, row * side, width, height, 0, 0, width, height);
    return new Sheet(canvas, side, true);
  }

  // Of RGBA bytes.
  static of({ pixels, width, height }, side) {
    const canvas = make("canvas", "", { width, height });
    const data = new ImageData(new Uint8ClampedArray(pixels), width, height);
    canvas.getContext("2d", IN_MEMORY).putImageData(data, 0, 0);
    return new Sheet(canvas, side);
  }

  // Draws frames of another sheet over some of this one; places: [there, here] of each.
  paste(other, places) {
    const s = this.side;
    const context = this.image.getContext("2d");
    for (const [from, to] of places) {
      context.drawImage(other.image, from * s, 0, s, s, to * s, 0, s, s);
    }
  }
}

const IN_MEMORY = { willReadFrequently: true }; // of a canvas: not on a graphics card
const BUDGET = 5; // milliseconds of decoding between two frames of the screen
const line = new Line();

// A function that has clips of a model decoded: an answer with a sheet ready to be drawn. The
// browser decodes by itself where it can and is quick enough (`local`), and else the server. On a
// slow line the server's pictures of a drag are of lower quality; exact ones never are. What is
// `patient` may wait for the browser to get ready. Of `signal`, see `serverOf`.
export function decoder(server, { name, side }, signal) {
  const model = browserDecoder.model(name, side, () => findDecoder(server));
  const onServer = async (clips, exact) => {
    const { quality } = line;
    const start = performance.now();
    const asked = { clips, exact, ...(!exact && quality && { quality }) };
    const answer = await server.decode_codes(asked);
    if (answer.error) return answer;
    const milliseconds = performance.now() - start;
    if (!exact) {
      line.note(milliseconds - answer.ms);
      model.noteServer(milliseconds);
    }
    return { ...answer, sheet: await Sheet.load(answer.sheet, side) };
  };
  const decode = async (clips, exact, patient = false) => {
    const drawn = await model.decode(clips, { move: !exact, patient, signal });
    if (!drawn) return onServer(clips, exact);
    return { sheet: Sheet.of(drawn, side), local: true };
  };
  // For a `Pump`: the browser decodes once for each frame of the screen.
  decode.pace = () => (model.active ? nextFrame() : null);
  // How many frames it decodes in the time of one of the screen, beside the one that is wanted.
  decode.spare = () => (model.active ? Math.ceil(BUDGET / model.choice.longest) : 0);
  return decode;
}

// Which frame is shown. Rests while its part of the page is hidden.
export class Clock {
  constructor(root, frames) {
    Object.assign(this, { root, frames, frame: 0, fps: 8, loop: true, listeners: [] });
    this.playing = !prefersReducedMotion();
    this.last = 0;
    requestAnimationFrame((now) => this.tick(now));
  }

  listen(listener) {
    this.listeners.push(listener);
    listener();
  }

  notify() {
    this.listeners.forEach((listener) => {
      listener();
    });
  }

  tick(now) {
    if (!this.root.isConnected) return;
    requestAnimationFrame((later) => this.tick(later));
    if (!this.playing || this.root.offsetParent === null) return;
    if (now - this.last < 1000 / this.fps) return;
    // Keeps the beat: a late tick does not delay the ones after it.
    this.last = now - ((now - this.last) % (1000 / this.fps));
    if (this.frame + 1 < this.frames) this.frame += 1;
    else if (this.loop) this.frame = 0;
    else this.playing = false;
    this.notify();
  }

  play(on) {
    this.playing = on;
    if (on && this.frame === this.frames - 1 && !this.loop) this.frame = 0;
    this.notify();
  }

  seek(frame) {
    this.playing = false;
    this.frame = (frame + this.frames) % this.frames;
    this.notify();
  }

  resize(frames) {
    this.frames = frames;
    this.frame = Math.min(this.frame, frames - 1);
    this.notify();
  }
}

// The class of a picture of frames.
export const pixelClass = (side) => (side < FINE_SIDE ? "rw-pixels" : "rw-pixels rw-fine");

// A square canvas, enlarged.
class Square {
  constructor(canvas, side) {
    Object.assign(this, { canvas, side });
    canvas.width = canvas.height = side;
    canvas.classList.toggle("rw-fine", side >= FINE_SIDE);
  }

  scale(factor) {
    this.canvas.style.width = this.canvas.style.height = `${this.side * factor}px`;
    this.canvas.classList.toggle("rw-fine", this.side >= FINE_SIDE || !isEven(factor));
  }
}

// Shows one clip at the clock's frame.
export class View extends Square {
  constructor(canvas, clock, side) {
    super(canvas, side);
    Object.assign(this, { clock, sheet: null, row: 0 });
    this.context = canvas.getContext("2d", IN_MEMORY);
    clock.listen(() => this.draw());
  }

  show(sheet, row) {
    Object.assign(this, { sheet, row });
    this.draw();
  }

  draw() {
    if (this.sheet) this.sheet.draw(this.context, this.row, this.clock.frame);
  }
}

// The absolute difference of two views, brightened so that small changes can be seen.
export class Difference extends Square {
  constructor(canvas, one, other) {
    super(canvas, one.side);
    Object.assign(this, { one, other });
    this.context = canvas.getContext("2d");
    one.clock.listen(() => this.draw());
  }

  draw() {
    if (!this.one.sheet || !this.other.sheet) return;
    const { side } = this.one;
    const a = this.one.context.getImageData(0, 0, side, side);
    const b = this.other.context.getImageData(0, 0, side, side).data;
    for (let i = 0; i < b.length; i += 4) {
      for (let c = 0; c < 3; c += 1) a.data[i + c] = 2 * Math.abs(a.data[i + c] - b[i + c]);
      a.data[i + 3] = 255;
    }
    this.context.putImageData(a, 0, 0);
  }
}

// All frames side by side; a click pauses there. They are one picture under a row of buttons,
// because a browser composes each canvas apart.
export class Filmstrip {
  constructor(root, clock, side) {
    Object.assign(this, { root, clock, side, cells: [], overflows: false });
    this.canvas = make("canvas", pixelClass(side), { height: side });
    this.frames = make("div", "rw-frames");
    root.append(this.frames);
    const resized = new ResizeObserver(() => {
      this.overflows = root.scrollWidth > root.clientWidth;
    });
    [root, this.frames].forEach((node) => {
      resized.observe(node);
    });
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Frames: choose one to pause there");
    clock.listen(() => this.mark());
  }

  show(sheet, row, frames) {
    if (this.cells.length !== frames) this.build(frames);
    this.cells.forEach((_, n) => {
      sheet.draw(this.context, row, n, n * this.side);
    });
    this.mark();
  }

  build(frames) {
    this.cells = Array.from({ length: frames }, (_, n) => {
      // For a pointer alone: the keyboard has the slider of the frames, and the arrows.
      const label = `Frame ${n + 1}`;
      const cell = make("button", "rw-cell", {
        type: "button",
        tabindex: -1,
        "aria-label": label,
      });
      cell.style.gridColumn = n + 1;
      cell.addEventListener("click", () => this.clock.seek(n));
      return cell;
    });
    this.frames.style.setProperty("--frames", frames);
    this.frames.replaceChildren(this.canvas, ...this.cells);
    this.canvas.width = frames * this.side;
    this.context = this.canvas.getContext("2d");
  }

  mark() {
    this.cells.forEach((cell, n) => {
      cell.setAttribute("aria-current", String(n === this.clock.frame));
    });
    if (this.overflows && !this.root.matches(":hover, :has(:focus-visible)")) this.follow();
  }

  // A strip without room for all frames scrolls with the clock, unless it is pointed at or has
  // the focus.
  follow() {
    const { root, cells, clock } = this;
    const width = root.scrollWidth / cells.length;
    const [left, right] = [clock.frame * width, (clock.frame + 1) * width];
    const inView = left >= root.scrollLeft && right <= root.scrollLeft + root.clientWidth;
    if (!inView) root.scrollLeft = (left + right - root.clientWidth) / 2;
  }
}

const REPEAT =
  "M4 5h6.5V2.8L14 6l-3.5 3.2V7H5v2H3V6q0-1 1-1zM12 11H5.5v2.2L2 10l3.5-3.2V9H11V7h2v3q0 1-1 1z";
const TRANSPORT = `
  <button type="button" class="rw-icon rw-play" data-part="play">
    <span class="rw-when-paused">${icon("M4.5 2.5v11l9-5.5z")}</span>
    <span class="rw-when-playing">${icon("M4 3h3v10H4zM9 3h3v10H9z")}</span>
  </button>
  <button type="button" class="rw-icon" data-part="back" tabindex="-1" aria-label="Previous frame">
    ${icon("M3 3h2v10H3zM13 3v10L6 8z")}</button>
  <button type="button" class="rw-icon" data-part="on" tabindex="-1" aria-label="Next frame">
    ${icon("M11 3h2v10h-2zM3 3v10l7-5z")}</button>
  <input type="range" class="rw-range rw-scrub" data-part="scrub" min="0" step="1"
    aria-label="Frame">
  <span class="rw-number rw-count" data-part="count"></span>
  <button type="button" class="rw-icon" data-part="loop" aria-label="Repeat">
    ${icon(REPEAT)}</button>
  <label class="rw-fps"><input type="range" class="rw-range" data-part="fps" min="2" max="24"
    step="1" value="8" aria-label="Frames a second"><span class="rw-number" data-part="rate">
  </span></label>`;

// The controls of a clock.
export function transport(root, clock) {
  root.innerHTML = TRANSPORT;
  const part = parts(root);
  part.play.addEventListener("click", () => clock.play(!clock.playing));
  part.back.addEventListener("click", () => clock.seek(clock.frame - 1));
  part.on.addEventListener("click", () => clock.seek(clock.frame + 1));
  part.loop.addEventListener("click", () => {
    clock.loop = !clock.loop;
    clock.notify();
  });
  part.scrub.addEventListener("input", () => clock.seek(Number(part.scrub.value)));
  part.fps.addEventListener("input", () => {
    clock.fps = Number(part.fps.value);
    clock.notify();
  });
  clock.listen(() => {
    part.play.dataset.playing = String(clock.playing);
    part.play.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    part.loop.setAttribute("aria-pressed", String(clock.loop));
    part.scrub.max = clock.frames - 1;
    part.scrub.value = clock.frame;
    fillTrack(part.scrub);
    part.count.textContent = `${clock.frame + 1} / ${clock.frames}`;
    part.rate.textContent = `${clock.fps} fps`;
    fillTrack(part.fps);
  });
}

// Paints images with the first frames of clips: `sheets` hold them in the order of the images, each
// `rows` of them, `side` pixels wide. A browser gives each canvas a layer of its own, and puts all of
// them together at every move of a slider: images cost nothing there.
export function paintStills(images, sheets, rows, side) {
  const canvas = make("canvas", "", { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  images.forEach((image, n) => {
    sheets[Math.floor(n / rows)].draw(context, n % rows, 0);
    image.src = canvas.toDataURL();
  });
}
