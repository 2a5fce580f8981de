// What the worker does: it opens models and decodes clips. Messages come as
//
//   {open: name, kernel, weights}        each an address or its bytes; answered by {opened: name,
//                                        ms of a frame}, or {failed: name, why}
//   {measure: name}                      answered by {opened} again
//   {decode: id, name, clips, side}      answered by {decoded: id, pixels, width, height, ms}: RGBA
//                                        with a row for each clip and a column for each frame, and
//                                        the milliseconds of a frame; or by {lost: id}
//   {drop: id}                           nobody waits for it any more
//   {encode: id, kernel, weights,        the codes of frames, by the encoder of a model; answered by
//    frames, sizes}                      {encoded: id, codes}, or by {lost: id}

import { Kernel } from "./kernel.js";

const SLICE = 4; // milliseconds of work after which a shorter job may come first
const MAX_MODELS = 6; // that are open at once; each takes some 10 MB

// The bytes at an address, if they did not come themselves; of low priority, as the page works
// without them.
async function bytesOf(source) {
  if (source instanceof Uint8Array) return source;
  const answer = await fetch(source, { priority: "low" });
  if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

// A function that opens a model by kernel and weights. The kernel is compiled once.
function opener() {
  let module = null;
  return async (kernel, weights) => {
    module ??= bytesOf(kernel).then((bytes) => WebAssembly.compile(bytes));
    const both = Promise.all([module, bytesOf(weights)]);
    return Kernel.open(...(await both));
  };
}

// A function that calls another one later, after messages that have come meanwhile.
function afterMessages(call) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = call;
  return () => port2.postMessage(null);
}

export class DecodeService {
  #kernels = new Map(); // by the name of the model, the one used last at the end
  #jobs = []; // in the order in which they came
  #begun = null; // the clip that the kernel of `#begunBy` has begun
  #begunBy = null;
  #encoder = { weights: null, kernel: null }; // that was used last

  // post(message, transferred) answers.
  constructor(
    post,
    { openKernel = opener(), later = afterMessages, now = () => performance.now() } = {},
  ) {
    Object.assign(this, { post, openKernel, now });
    this.wake = later(() => this.work());
  }

  receive(message) {
    if ("open" in message) return this.open(message);
    if ("measure" in message) return this.tell(message.measure);
    if ("decode" in message) return this.begin(message);
    if ("encode" in message) return this.encode(message);
    return this.drop(message.drop);
  }

  async encode({ encode: id, kernel, weights, frames, sizes }) {
    try {
      if (this.#encoder.weights !== weights) {
        this.#encoder = { weights, kernel: await this.openKernel(kernel, weights) };
      }
      this.post({ encoded: id, codes: this.#encoder.kernel.encode(frames, sizes) });
    } catch {
      this.post({ lost: id });
    }
  }

  async open({ open: name, kernel, weights }) {
    try {
      this.#kernels.set(name, await this.openKernel(kernel, weights));
    } catch (error) {
      this.post({ failed: name, why: error.message });
      return;
    }
    this.tell(name);
    if (this.#kernels.size > MAX_MODELS) this.close(this.#kernels.keys().next().value);
  }

  close(name) {
    this.#kernels.delete(name);
    this.post({ closed: name });
  }

  tell(name) {
    const kernel = this.#kernels.get(name);
    if (!kernel) return;
    this.#begun = null; // measuring begins a clip of its own
    this.post({ opened: name, ms: kernel.measure(this.now) });
  }

  begin({ decode: id, name, clips, side }) {
    const columns = Math.max(...clips.map(({ dynamic }) => dynamic.length));
    const places = clips.flatMap((clip, row) => clip.dynamic.map((_, column) => [row, column]));
    const [width, height] = [columns * side, clips.length * side];
    const pixels = new Uint8ClampedArray(4 * width * height);
    this.#jobs.push({ id, name, clips, side, width, height, pixels, places, done: 0, spent: 0 });
    this.wake();
  }

  // Works for a moment on the job that has the fewest frames left; of several on the first. So a
  // move waits for one slice of the stills at the most.
  work() {
    if (!this.#jobs.length) return;
    const left = ({ places, done }) => places.length - done;
    const job = this.#jobs.reduce((least, other) => (left(other) < left(least) ? other : least));
    const kernel = this.#kernels.get(job.name);
    if (kernel) this.drawSlice(job, kernel);
    if (!kernel || !left(job)) this.drop(job.id);
    if (!kernel) this.post({ lost: job.id });
    else if (!left(job)) this.answer(job);
    if (this.#jobs.length) this.wake();
  }

  drawSlice(job, kernel) {
    this.use(job.name, kernel);
    const start = this.now();
    let spent = 0;
    while (job.done < job.places.length && spent < SLICE) {
      this.draw(kernel, job, ...job.places[job.done]);
      job.done += 1;
      spent = this.now() - start;
    }
    job.spent += spent;
  }

  drop(id) {
    this.#jobs = this.#jobs.filter((job) => job.id !== id);
  }

  use(name, kernel) {
    this.#kernels.delete(name);
    this.#kernels.set(name, kernel);
  }

  // Draws a frame into its place of the job's picture.
  draw(kernel, { clips, side, width, pixels }, row, column) {
    const clip = clips[row];
    if (this.#begun !== clip || this.#begunBy !== kernel) {
      kernel.begin(clip);
      this.#begun = clip;
      this.#begunBy = kernel;
    }
    const frame = kernel.draw(column, side);
    for (let y = 0; y < side; y += 1) {
      const line = frame.subarray(4 * y * side, 4 * (y + 1) * side);
      pixels.set(line, 4 * ((row * side + y) * width + column * side));
    }
  }

  answer({ id, places, spent, pixels: { buffer }, width, height }) {
    this.post({ decoded: id, pixels: buffer, width, height, ms: spent / places.length }, [buffer]);
  }
}
