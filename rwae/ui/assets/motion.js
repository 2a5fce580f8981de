// Edits of the motion: each takes codes and returns new ones.

const motionOf = (codes, dynamic) => ({ ...codes, dynamic });

const frozen = (codes, frame) => motionOf(codes, codes.dynamic.map(() => codes.dynamic[frame]));

const reversed = (codes) => motionOf(codes, [...codes.dynamic].reverse());

// Forward, then back. The two ends are not repeated, so that a clip that starts again moves on
// evenly: of 8 frames come 14.
const pingPonged = (codes) =>
  motionOf(codes, [...codes.dynamic, ...codes.dynamic.slice(1, -1).reverse()]);

const pingPongLength = (frames) => Math.max(frames, 2 * frames - 2);

// Each code becomes the weighted mean of itself and its neighbours, (1, 2, 1) / 4.
function smoothed(codes) {
  const rows = codes.dynamic;
  const at = (n) => rows[Math.min(rows.length - 1, Math.max(0, n))];
  return motionOf(codes, rows.map((row, n) =>
    row.map((z, d) => (at(n - 1)[d] + 2 * z + at(n + 1)[d]) / 4)));
}
