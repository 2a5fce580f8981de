// The codes of a clip: {static: [D_c], dynamic: [T][D_m]}, one static code for the whole clip and
// one dynamic code for each frame. Codes are never changed in place: an edit makes new ones, so
// that every step can be undone.

export const CODE_LIMIT = 10; // the server refuses numbers beyond it

export const clamp = (value, limit) => Math.min(limit, Math.max(-limit, value));

export const dot = (a, b) => a.reduce((sum, value, n) => sum + value * b[n], 0);

export const copyCodes = (codes) => ({
  static: [...codes.static],
  dynamic: codes.dynamic.map((row) => [...row]),
});

// How many numbers a code of each kind has.
export const sizesOf = (codes) => ({
  static: codes.static.length,
  dynamic: codes.dynamic[0].length,
});

export const sameRow = (a, b) => a.length === b.length && a.every((z, n) => z === b[n]);

export const sameRows = (a, b) => a.length === b.length && a.every((row, n) => sameRow(row, b[n]));

export const sameCodes = (a, b) => sameRow(a.static, b.static) && sameRows(a.dynamic, b.dynamic);

const interpolateRow = (a, b, fraction) => a.map((z, n) => z + fraction * (b[n] - z));

// Linear interpolation from clip A to clip B, which have the same sizes. The static code and the
// dynamic codes have a fraction each: 0 is A, 1 is B.
export function interpolateCodes(a, b, staticFraction, dynamicFraction = staticFraction) {
  return {
    static: interpolateRow(a.static, b.static, staticFraction),
    dynamic: a.dynamic.map((row, frame) => interpolateRow(row, b.dynamic[frame], dynamicFraction)),
  };
}
