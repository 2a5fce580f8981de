// Coordinates in which codes are shown and edited: main directions, directions with names, and the
// plain numbers.

import { CODE_LIMIT, clamp } from "./codes.js";
import { factorName } from "./format.js";

const MIN_SHARE = 0.015; // a main direction that explains less of the picture is left out
const ROUNDING = 1e-4; // of a coordinate that was just set: bases come with five decimals
const MAX_DIRECTIONS = 16; // main directions: the stills beside their sliders are one request

// Coordinates c = read (z - mean); adding write[k] to a code raises its coordinate k by one.
// `share` says how much of the picture each explains, `names` what each changes, `idle` which do
// nothing; each of the three may be missing.
export class Basis {
  constructor({ mean, read, write, share, names, idle }) {
    Object.assign(this, { mean, read, write, share, names, idle });
    this.size = read.length;
  }

  // The plain numbers of a code.
  static identity(size, idle) {
    const eye = Array.from({ length: size }, (_, k) =>
      Array.from({ length: size }, (_, d) => Number(k === d)),
    );
    return new Basis({ mean: Array(size).fill(0), read: eye, write: eye, idle });
  }

  coordinate(code, axis) {
    return this.read[axis].reduce((sum, r, d) => sum + r * (code[d] - this.mean[d]), 0);
  }

  // Sets one coordinate of a code, in place. A difference that is rounding alone changes nothing.
  set(code, axis, value) {
    const step = value - this.coordinate(code, axis);
    if (Math.abs(step) < ROUNDING) return;
    this.write[axis].forEach((w, d) => {
      code[d] = clamp(code[d] + step * w, CODE_LIMIT);
    });
  }
}

// The main directions that change the picture enough to be shown; at least one.
export function mainDirections(basis) {
  const shares = basis.share.filter((share) => share >= MIN_SHARE);
  const kept = Math.max(1, shares.slice(0, MAX_DIRECTIONS).length);
  const [read, write, share] = [basis.read, basis.write, basis.share].map((v) => v.slice(0, kept));
  return new Basis({ ...basis, read, write, share });
}

const LANE_MARGIN = 0.15; // of the range, above it and below
const MIN_RANGE = 0.5; // standard deviations

// For each coordinate of the motion the values that a lane shows, [low, high]: those of the
// example clips, and a little more.
export function laneRanges(basis, clips) {
  return Array.from({ length: basis.size }, (_, axis) => {
    const values = clips.flatMap(({ dynamic }) =>
      dynamic.map((code) => basis.coordinate(code, axis)),
    );
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = Math.max(LANE_MARGIN * (high - low), (MIN_RANGE - (high - low)) / 2);
    return [low - margin, high + margin];
  });
}

// A range that holds values as well.
export const widened = ([low, high], values) => [
  Math.min(low, ...values),
  Math.max(high, ...values),
];

// Directions with names, grouped by the attribute that they change: [{factor, basis}].
export function byFactor({ mean, read, write, names }) {
  const factors = [...new Set(names.map(({ factor }) => factor))];
  return factors.map((factor) => {
    const mine = (_, n) => names[n].factor === factor;
    const [reads, writes, own] = [read, write, names].map((rows) => rows.filter(mine));
    return { factor, basis: new Basis({ mean, read: reads, write: writes, names: own }) };
  });
}

const isNumber = (value) => /^\d+$/.test(value);

// "hair: red", but "hair 3" where a value is no more than a number.
export const directionName = ({ factor, value }) =>
  `${factorName(factor)}${isNumber(value) ? "" : ":"} ${value}`;

// "red", but "hair 3": the same below the name of the factor.
export const directionValue = (name) => (isNumber(name.value) ? directionName(name) : name.value);

// How well a named direction works, as it was measured.
export const directionScores = ({ reach, selectivity }) =>
  `works in\u00a0${roundedDown(reach)}, alone in\u00a0${roundedDown(selectivity)}`;

// No more is promised than was measured. The file holds four digits of a share.
const roundedDown = (share) => `${Math.floor(Math.round(10000 * share) / 100)}\u00a0%`;

// A static code, moved along the first directions of `write` by an amount each.
export function shiftCode(code, write, amounts) {
  const step = (d) => amounts.reduce((sum, a, k) => sum + a * (write?.[k]?.[d] ?? 0), 0);
  return amounts.some(Boolean) ? code.map((z, d) => clamp(z + step(d), CODE_LIMIT)) : code;
}
