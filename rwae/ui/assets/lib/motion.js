// Edits of the dynamic codes: each takes the codes of a clip and returns new ones.

export const withDynamic = (codes, dynamic) => ({ ...codes, dynamic });

// Every frame takes the dynamic code of one frame.
export const freeze = (codes, frame) =>
  withDynamic(
    codes,
    codes.dynamic.map(() => codes.dynamic[frame]),
  );

export const reverse = (codes) => withDynamic(codes, [...codes.dynamic].reverse());

// Forward, then back. The two ends are not repeated, so that a clip that starts again moves on
// evenly: 8 frames become 14.
export const pingPong = (codes) =>
  withDynamic(codes, [...codes.dynamic, ...codes.dynamic.slice(1, -1).reverse()]);

export const pingPongLength = (frames) => Math.max(frames, 2 * frames - 2);

// Each code becomes the weighted mean of itself and its neighbours, (1, 2, 1) / 4.
export function smooth(codes) {
  const rows = codes.dynamic;
  const at = (n) => rows[Math.min(rows.length - 1, Math.max(0, n))];
  return withDynamic(
    codes,
    rows.map((row, n) => row.map((z, d) => (at(n - 1)[d] + 2 * z + at(n + 1)[d]) / 4)),
  );
}

// The clip with the frames of `longer` that follow its own.
export const extend = (codes, longer) =>
  withDynamic(codes, [...codes.dynamic, ...longer.dynamic.slice(codes.dynamic.length)]);
