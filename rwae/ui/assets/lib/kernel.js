// The kernel with the decoder or the encoder of one model in it: rwae/models/kernel/kernel.c, which says what its
// functions do.

export class Kernel {
  constructor(functions) {
    this.functions = functions;
  }

  // module: the compiled kernel; file: bytes of a packed model.
  static async open(module, file) {
    const { exports } = await WebAssembly.instantiate(module);
    const place = exports.allocate(file.length);
    if (!place) throw new Error("The browser has no memory for the model.");
    new Uint8Array(exports.memory.buffer, place, file.length).set(file);
    if (!exports.open(file.length)) throw new Error("The weights did not arrive whole.");
    return new Kernel(exports);
  }

  // Begins a clip, whose frames are then drawn in any order.
  begin({ static: who, dynamic }) {
    const { memory, static_code, dynamic_codes, begin } = this.functions;
    new Float32Array(memory.buffer, static_code(), who.length).set(who);
    const motion = dynamic.flat();
    new Float32Array(memory.buffer, dynamic_codes(), motion.length).set(motion);
    begin(dynamic.length);
  }

  // Draws a frame of the clip: RGBA bytes of a square, which the next frame overwrites.
  draw(frame, side) {
    const { memory, picture, draw } = this.functions;
    draw(frame);
    return new Uint8ClampedArray(memory.buffer, picture(), 4 * side * side);
  }

  // Of an encoder: the codes of frames, each RGBA bytes of a square. sizes: how many numbers a code
  // of each kind has.
  encode(frames, sizes) {
    const { memory, picture, begin, observe, encode, static_code, dynamic_codes } = this.functions;
    begin(frames.length);
    frames.forEach((frame, n) => {
      new Uint8Array(memory.buffer, picture(), frame.length).set(frame);
      observe(n);
    });
    encode();
    const numbers = (place, count) => [...new Float32Array(memory.buffer, place, count)];
    const motion = numbers(dynamic_codes(), frames.length * sizes.dynamic);
    return {
      static: numbers(static_code(), sizes.static),
      dynamic: frames.map((_, n) => motion.slice(n * sizes.dynamic, (n + 1) * sizes.dynamic)),
    };
  }

  // The milliseconds of a frame, the shortest of some: the first ones are also compiled.
  measure(now, draws = 5) {
    this.functions.begin(1);
    const times = Array.from({ length: draws }, () => {
      const start = now();
      this.functions.draw(0);
      return now() - start;
    });
    return Math.min(...times);
  }
}
