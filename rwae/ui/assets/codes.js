// Codes in the page: {static: [D_c], dynamic: [T][D_m]}, and the coordinates they are shown in.

const copyCodes = (codes) => ({
  static: [...codes.static],
  dynamic: codes.dynamic.map((row) => [...row]),
});

const clampTo = (value, limit) => Math.min(limit, Math.max(-limit, value));

// Coordinates c = read (z - mean); adding write[k] to a code raises its coordinate k by one.
class Basis {
  constructor({ mean, read, write, share, idle }) {
    Object.assign(this, { mean, read, write, share, idle });
    this.size = read.length;
  }

  static raw(size, idle) {
    const eye = Array.from({ length: size }, (_, k) =>
      Array.from({ length: size }, (_, d) => Number(k === d)),
    );
    return new Basis({ mean: Array(size).fill(0), read: eye, write: eye, share: null, idle });
  }

  coordinate(code, axis) {
    return this.read[axis].reduce((sum, r, d) => sum + r * (code[d] - this.mean[d]), 0);
  }

  // Sets one coordinate of a code, in place.
  set(code, axis, value) {
    const step = value - this.coordinate(code, axis);
    this.write[axis].forEach((w, d) => (code[d] = clampTo(code[d] + step * w, CODE_LIMIT)));
  }
}

const CODE_LIMIT = 10; // the server refuses larger numbers
