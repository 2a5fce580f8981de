// A visitor's clip that the browser reads by itself: its frames, and how well a model draws them. As
// `rwae/uploads` does it for clips that need no fitting.

const WINDOW = 9; // pixels on each side, over which differences are averaged
const MOST_COLOURS = 256; // of a palette
const MIN_ROUND = 3; // frames of a clip that may repeat itself
const ALIKE = 0.15; // of the mean difference of two frames: those are the same
const LEVELS = 255;
const [SHORTEST, INSTEAD] = [10, 100]; // milliseconds: a frame that is not longer, and how long then
const LARGEST = 4; // pixels of a clip for each of a model's: of more the server takes fewer first

// The frames of an image strip that has exactly those of a model, each RGBA bytes; null of any other
// picture. Each frame may be a whole number of times as large, up to `largest`.
export function stripFrames({ pixels, width, height }, { side, frames }, largest = LARGEST) {
  const factor = height / side;
  if (width !== frames * height || !isWhole(factor, largest) || !isOpaque(pixels)) return null;
  return Array.from({ length: frames }, (_, n) =>
    frameOf(pixels, width, n * height, side, factor),
  );
}

// Those of an animation that has one pace: all of them, each RGBA bytes; null of any other.
// pictures: [{pixels, width, height, duration}] as they are shown, and for how many milliseconds.
export function animationFrames(pictures, { side, frames }) {
  const [{ width, height }] = pictures;
  const factor = height / side;
  if (pictures.length < frames || width !== height || !isWhole(factor, LARGEST)) return null;
  if (!isEven(pictures.map(({ duration }) => duration))) return null;
  if (!pictures.every(({ pixels }) => isOpaque(pixels))) return null;
  return pictures.map(({ pixels }) => frameOf(pixels, width, 0, side, factor));
}

// Whether each frame is taken once when they are chosen evenly in time; see `evenly_in_time` in
// rwae/files/video/decoding.py.
function isEven(durations) {
  let time = 0;
  const times = durations.map((duration) => {
    const start = time;
    time += duration > SHORTEST ? duration : INSTEAD;
    return start;
  });
  const step = times.at(-1) / (times.length - 1);
  return times.every((start, n) => {
    const middle = step * (n + 0.5);
    return n + 1 === times.length || (start <= middle && middle < times[n + 1]);
  });
}

const isWhole = (factor, largest) => Number.isInteger(factor) && factor > 0 && factor <= largest;

function isOpaque(pixels) {
  for (let n = 3; n < pixels.length; n += 4) if (pixels[n] < LEVELS) return false;
  return true;
}

// A square of a picture, each of whose pixels is the mean of factor x factor.
function frameOf(pixels, width, left, side, factor) {
  const frame = new Uint8ClampedArray(4 * side * side);
  const round = factor === 2 ? Math.round : toEven; // as OpenCV averages areas
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      for (let c = 0; c < 4; c += 1) {
        let sum = 0;
        for (let v = y * factor; v < (y + 1) * factor; v += 1) {
          for (let u = x * factor; u < (x + 1) * factor; u += 1) {
            sum += pixels[4 * (v * width + left + u) + c];
          }
        }
        frame[4 * (y * side + x) + c] = round(sum / factor ** 2);
      }
    }
  }
  return frame;
}

// The nearest whole number, and of two that are as near the even one.
const toEven = (value) =>
  value % 1 === 0.5 && Math.floor(value) % 2 === 0 ? Math.floor(value) : Math.round(value);

// The numbers of `frames` out of `count`, evenly in time; see `even_choice` in
// rwae/files/video/fitting.py.
export const evenChoice = (count, frames) =>
  Array.from({ length: frames }, (_, n) => toEven((n * (count - 1)) / Math.max(1, frames - 1)));

// Which of `count` frames are taken, such as "Every 3rd of 22 frames".
export function framesInWords(count, frames) {
  if (count === frames) return `All ${count} frames`;
  const chosen = evenChoice(count, frames);
  const [step, ...steps] = chosen.slice(1).map((number, n) => number - chosen[n]);
  if (steps.some((other) => other !== step)) {
    return `${frames} of ${count} frames, evenly from the first to the last`;
  }
  const teen = Math.floor((step % 100) / 10) === 1;
  return `Every ${step}${(!teen && ["", "st", "nd", "rd"][step % 10]) || "th"} of ${count} frames`;
}

// Whether frames may play a round more than once: the server decides, and takes one.
export function mayRepeat(frames) {
  const lags = Array.from({ length: frames.length >> 1 }, (_, n) => n + 1);
  const differences = lags.map((lag) => meanDifference(frames, lag));
  const typical = differences.reduce((sum, one) => sum + one, 0) / lags.length;
  return differences.some((one, n) => n + 1 >= MIN_ROUND && one < ALIKE * typical);
}

function meanDifference(frames, lag) {
  let [sum, count] = [0, 0];
  for (let t = lag; t < frames.length; t += 1) {
    frames[t].forEach((value, n) => {
      sum += Math.abs(value - frames[t - lag][n]);
    });
    count += frames[t].length;
  }
  return sum / count;
}

// The frames of the first row of a sheet of RGBA bytes.
export function rowFrames({ pixels, width }, side) {
  const bytes = new Uint8ClampedArray(pixels);
  return Array.from({ length: width / side }, (_, n) => frameOf(bytes, width, n * side, side, 1));
}

// The squared error of a frame, summed, averaged over a clip; of values in [0, 1].
export function squaredError(given, drawn) {
  let sum = 0;
  given.forEach((frame, t) => {
    frame.forEach((value, n) => {
      sum += (value - drawn[t][n]) ** 2;
    });
  });
  return sum / LEVELS ** 2 / given.length;
}

// The largest difference of mean colour in a small window, see `local_difference` in
// rwae/uploads/assess.py.
export function localDifference(given, drawn, side) {
  const means = [0, 1, 2].map((c) =>
    Float64Array.from({ length: side * side }, (_, n) => {
      const sum = given.reduce((all, frame, t) => all + frame[4 * n + c] - drawn[t][4 * n + c], 0);
      return sum / given.length / LEVELS;
    }),
  );
  const averaged = means.map((mean) => boxMean(boxMean(mean, side, 1), side, side));
  const squares = averaged[0].map((_, n) => averaged.reduce((sum, mean) => sum + mean[n] ** 2, 0));
  return WINDOW ** 2 * squares.reduce((most, one) => Math.max(most, one), 0);
}

// The mean of a window along one direction, in which numbers lie `step` apart; outside are zeros.
function boxMean(values, side, step) {
  const half = WINDOW >> 1;
  return values.map((_, n) => {
    const at = Math.floor(n / step) % side;
    let sum = 0;
    for (let k = Math.max(-half, -at); k <= Math.min(half, side - 1 - at); k += 1) {
      sum += values[n + k * step];
    }
    return sum / WINDOW;
  });
}

// The colours of frames, [red, green, blue]; null if there are too many.
export function paletteOf(frames) {
  const colours = new Set();
  for (const frame of frames) {
    for (let n = 0; n < frame.length; n += 4) {
      colours.add((frame[n] << 16) | (frame[n + 1] << 8) | frame[n + 2]);
      if (colours.size > MOST_COLOURS) return null;
    }
  }
  return [...colours].sort((a, b) => a - b).map((c) => [c >> 16, (c >> 8) & 255, c & 255]);
}

// How well a model draws frames, as the server says it; null if nobody measured the model. typical:
// {error, error_limit, difference_limit} of clips that it knows.
export function fitOf(given, drawn, side, typical) {
  if (!typical) return null;
  const error = squaredError(given, drawn);
  const difference = localDifference(given, drawn, side);
  const known = error <= typical.error_limit && difference <= typical.difference_limit;
  const ratio = error / typical.error;
  return { error, typical: typical.error, ratio, known, sentence: sentenceOf(known, ratio) };
}

function sentenceOf(known, ratio) {
  if (known) return "The model draws this clip as well as clips that it knows.";
  if (ratio < 2) {
    return (
      "The model draws most of this clip as well as clips that it knows, but one part of it in " +
      "other colours: that part is its nearest relative."
    );
  }
  return (
    `The model draws this clip ${ratio.toFixed(0)} times worse than clips that it knows: what you ` +
    "see is its nearest relative."
  );
}
