// The live player: sheets of decoded frames, a clock, canvases that show them, and the controls.

// A picture with a row for each clip and a column for each frame.
class Sheet {
  // `image` may be a canvas as well.
  constructor(image, side) {
    Object.assign(this, { image, side });
    this.frames = Math.round((image.naturalWidth ?? image.width) / side);
  }

  // Not by `image.decode()`: it waits for the next time the page is painted.
  static load(address, side) {
    return new Promise((loaded, failed) => {
      const image = new Image();
      image.onload = () => loaded(new Sheet(image, side));
      image.onerror = () => failed(new Error("The picture cannot be shown."));
      image.src = address;
    });
  }

  draw(context, row, frame, left = 0) {
    const s = this.side;
    const column = frame % this.frames; // a shorter clip starts again beside a longer one
    context.clearRect(left, 0, s, s);
    context.drawImage(this.image, column * s, row * s, s, s, left, 0, s, s);
  }
}

// A function that asks the server to decode clips: its answer, with a sheet ready to be drawn.
const decoder = (server, side) => async (clips, exact) => {
  const answer = await server.decode_codes({ clips, exact });
  return answer.error ? answer : { ...answer, sheet: await Sheet.load(answer.sheet, side) };
};

// Which frame is shown. Rests while its part of the page is hidden.
class Clock {
  constructor(root, frames) {
    Object.assign(this, { root, frames, frame: 0, fps: 8, loop: true, listeners: [] });
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.last = 0;
    requestAnimationFrame((now) => this.tick(now));
  }

  listen(listener) {
    this.listeners.push(listener);
    listener();
  }

  tell() {
    this.listeners.forEach((listener) => listener());
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
    this.tell();
  }

  play(on) {
    this.playing = on;
    if (on && this.frame === this.frames - 1 && !this.loop) this.frame = 0;
    this.tell();
  }

  seek(frame) {
    this.playing = false;
    this.frame = (frame + this.frames) % this.frames;
    this.tell();
  }

  resize(frames) {
    this.frames = frames;
    this.frame = Math.min(this.frame, frames - 1);
    this.tell();
  }
}

const FINE = 128; // pixels: frames from here on are shown as photographs, at any factor

const pixelsOf = (side) => (side < FINE ? "rw-pixels" : "rw-pixels rw-fine");

// A square canvas, enlarged. A whole number of device pixels for each pixel keeps the edges even.
class Square {
  constructor(canvas, side) {
    Object.assign(this, { canvas, side });
    canvas.width = canvas.height = side;
    canvas.classList.toggle("rw-fine", side >= FINE);
  }

  // A factor that would make some pixels wider than others smooths them instead.
  scale(factor) {
    this.canvas.style.width = this.canvas.style.height = `${this.side * factor}px`;
    const even = Math.abs(((factor * (window.devicePixelRatio || 1) + 0.5) % 1) - 0.5) < 0.01;
    this.canvas.classList.toggle("rw-fine", this.side >= FINE || !even);
  }
}

// Shows one clip at the clock's frame.
class View extends Square {
  constructor(canvas, clock, side) {
    super(canvas, side);
    Object.assign(this, { clock, sheet: null, row: 0 });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
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
class Difference extends Square {
  constructor(canvas, one, other) {
    super(canvas, one.side);
    Object.assign(this, { one, other });
    this.context = canvas.getContext("2d");
    one.clock.listen(() => this.draw());
  }

  draw() {
    if (!this.one.sheet || !this.other.sheet) return;
    const side = this.one.side;
    const a = this.one.context.getImageData(0, 0, side, side);
    const b = this.other.context.getImageData(0, 0, side, side).data;
    for (let i = 0; i < b.length; i += 4) {
      for (let c = 0; c < 3; c += 1) a.data[i + c] = 2 * Math.abs(a.data[i + c] - b[i + c]);
      a.data[i + 3] = 255;
    }
    this.context.putImageData(a, 0, 0);
  }
}

// The controls of a clock.
function transport(root, clock) {
  root.innerHTML = TRANSPORT;
  const part = parts(root);
  part.play.addEventListener("click", () => clock.play(!clock.playing));
  part.back.addEventListener("click", () => clock.seek(clock.frame - 1));
  part.on.addEventListener("click", () => clock.seek(clock.frame + 1));
  part.loop.addEventListener("click", () => {
    clock.loop = !clock.loop;
    clock.tell();
  });
  part.scrub.addEventListener("input", () => clock.seek(Number(part.scrub.value)));
  part.fps.addEventListener("input", () => {
    clock.fps = Number(part.fps.value);
    clock.tell();
  });
  clock.listen(() => {
    part.play.dataset.playing = String(clock.playing);
    part.play.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    part.loop.setAttribute("aria-pressed", String(clock.loop));
    part.scrub.max = clock.frames - 1;
    part.scrub.value = clock.frame;
    fill(part.scrub);
    part.count.textContent = `${clock.frame + 1} / ${clock.frames}`;
    part.rate.textContent = `${clock.fps} fps`;
    fill(part.fps);
  });
}
