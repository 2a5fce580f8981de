// Codes in the page: {static: [D_c], dynamic: [T][D_m]}, and the coordinates they are shown in.
// Codes are never changed in place: an edit makes new ones, so that every step can be taken back.

const CODE_LIMIT = 10; // the server refuses larger numbers

const copyCodes = (codes) => ({
  static: [...codes.static],
  dynamic: codes.dynamic.map((row) => [...row]),
});

const sameRow = (a, b) => a.length === b.length && a.every((z, n) => z === b[n]);

const sameRows = (a, b) => a.length === b.length && a.every((row, n) => sameRow(row, b[n]));

const sameCodes = (a, b) => sameRow(a.static, b.static) && sameRows(a.dynamic, b.dynamic);

// Codes on the straight way between two of the same sizes: `part` 0 is `from`, 1 is `to`.
function betweenCodes(from, to, part) {
  const row = (a, b) => a.map((z, n) => z + part * (b[n] - z));
  return {
    static: row(from.static, to.static),
    dynamic: from.dynamic.map((code, frame) => row(code, to.dynamic[frame])),
  };
}

const clampTo = (value, limit) => Math.min(limit, Math.max(-limit, value));

const dot = (a, b) => a.reduce((sum, value, n) => sum + value * b[n], 0);

// Coordinates c = read (z - mean); adding write[k] to a code raises its coordinate k by one.
// `share` says what each explains, `names` what each changes; either may be missing.
class Basis {
  constructor({ mean, read, write, share, names, idle }) {
    Object.assign(this, { mean, read, write, share, names, idle });
    this.size = read.length;
  }

  static raw(size, idle) {
    const eye = Array.from({ length: size }, (_, k) =>
      Array.from({ length: size }, (_, d) => Number(k === d)),
    );
    return new Basis({ mean: Array(size).fill(0), read: eye, write: eye, idle });
  }

  coordinate(code, axis) {
    return this.read[axis].reduce((sum, r, d) => sum + r * (code[d] - this.mean[d]), 0);
  }

  // Sets one coordinate of a code, in place. What differs by rounding alone is there already.
  set(code, axis, value) {
    const step = value - this.coordinate(code, axis);
    if (Math.abs(step) < 1e-5) return;
    this.write[axis].forEach((w, d) => (code[d] = clampTo(code[d] + step * w, CODE_LIMIT)));
  }
}
