// What a visitor chooses of the rules by which the server reads a clip, see `rwae/uploads`. The
// server keeps no file: every other choice sends it again.

export const MIN_CROP = 0.05; // shares of the picture: a smaller box shows nothing

// The request of `encode_clip`. Choices that are left out have their defaults.
export const encodeRequest = (file, choices = {}) => ({
  binary: true,
  data: { file, choices: JSON.stringify(choices) },
});

const WHOLE = [0, 0, 1, 1];

// How the switch of each rule is undone, and done again: from whether the rule is applied to the
// choices that change it. Rules that are not here cannot be left out.
const SWITCHES = {
  background: (on) => ({ background: on ? "keep" : "auto" }),
  align: (on) => ({ align: !on }),
  repeat: (on) => ({ repeat: !on }),
  trim: () => ({ first: null, last: null }),
  fitted: (on) => ({ fitted: !on }), // by the server; of clips that the browser has read
};

// The choices with one rule the other way round; null if it has no other way.
export function switched(choices, { key, on }) {
  if (key === "crop") return { ...choices, crop: choices.crop ? null : WHOLE };
  const change = SWITCHES[key]?.(on);
  if (!change || (key === "trim" && !isTrimmed(choices))) return null;
  return { ...choices, ...change };
}

const isTrimmed = ({ first, last }) => (first ?? null) !== null || (last ?? null) !== null;

// The choices with the frames from `first` to `last`, numbers from 0 on, of `count`.
export function trimmed(choices, first, last, count) {
  const all = first <= 0 && last >= count - 1;
  return { ...choices, first: all ? null : first, last: all ? null : last };
}

// A box that is moved or resized by shares of the picture and stays within it. `edges` are those
// that move: "move" all of them, otherwise letters of left, top, right, bottom.
export function movedBox([left, top, right, bottom], edges, dx, dy) {
  if (edges === "move") {
    const x = Math.min(1 - right, Math.max(-left, dx));
    const y = Math.min(1 - bottom, Math.max(-top, dy));
    return [left + x, top + y, right + x, bottom + y];
  }
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  return [
    edges.includes("l") ? between(left + dx, 0, right - MIN_CROP) : left,
    edges.includes("t") ? between(top + dy, 0, bottom - MIN_CROP) : top,
    edges.includes("r") ? between(right + dx, left + MIN_CROP, 1) : right,
    edges.includes("b") ? between(bottom + dy, top + MIN_CROP, 1) : bottom,
  ];
}

// The middle square of a picture, which is what is taken if no box was chosen.
export function middleSquare(width, height) {
  const side = Math.min(width, height);
  const [x, y] = [side / width / 2, side / height / 2];
  return [0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y];
}

// The rows of a sprite sheet as a table: {actions, directions, at(action, direction)}.
export function rowTable(rows) {
  const actions = [...new Set(rows.map(({ action }) => action))];
  const directions = [...new Set(rows.map(({ direction }) => direction ?? ""))];
  const at = (action, direction) =>
    rows.find((row) => row.action === action && (row.direction ?? "") === direction) ?? null;
  return { actions, directions, at };
}
