// What the browser does with a visitor's clip that needs no fitting.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  animationFrames,
  evenChoice,
  fitOf,
  framesInWords,
  localDifference,
  mayRepeat,
  paletteOf,
  rowFrames,
  squaredError,
  stripFrames,
} from "../../rwae/ui/assets/lib/ownframes.js";
import { randomNumbers } from "./helpers.js";

const SIDE = 12;

// Frames of RGBA bytes; byteOf(frame, place) gives each byte but the alpha.
const framesOf = (count, byteOf, side = SIDE) =>
  Array.from({ length: count }, (_, t) =>
    Uint8ClampedArray.from({ length: 4 * side * side }, (_, n) =>
      n % 4 === 3 ? 255 : byteOf(t, n),
    ),
  );
const noise = (seed) => {
  const draw = randomNumbers(seed);
  return () => 127 + 127 * draw();
};

// Frames side by side, each pixel as factor x factor.
function strip(frames, side, factor = 1) {
  const [width, height] = [frames.length * side * factor, side * factor];
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const frame = frames[Math.floor(x / height)];
      const from = 4 * (Math.floor(y / factor) * side + Math.floor((x % height) / factor));
      pixels.set(frame.subarray(from, from + 4), 4 * (y * width + x));
    }
  }
  return { pixels, width, height };
}

test("a strip is cut into its frames, and another picture is none", () => {
  const frames = framesOf(3, noise(1), 4);
  const model = { side: 4, frames: 3 };
  assert.deepEqual(stripFrames(strip(frames, 4), model), frames);
  assert.deepEqual(rowFrames(strip(frames, 4), 4), frames);
  assert.equal(stripFrames(strip(frames, 4), { side: 4, frames: 2 }), null);
  assert.deepEqual(stripFrames(strip(frames, 4, 2), model), frames, "larger");
  assert.equal(stripFrames(strip(frames, 4, 5), model), null, "too large, of a file");
  assert.deepEqual(stripFrames(strip(frames, 4, 5), model, 5), frames, "of the camera");
  const clear = strip(frames, 4);
  clear.pixels[7] = 254;
  assert.equal(stripFrames(clear, model), null, "transparent");
});

// Pictures of an animation, whose frames are shown for 100 ms each.
const shownFor = (frames, side, durations = []) =>
  frames.map((frame, n) => ({ ...strip([frame], side), duration: durations[n] ?? 100 }));

test("an animation gives its frames if it has their size, number and pace", () => {
  const frames = framesOf(5, noise(3), 4);
  const model = { side: 4, frames: 3 };
  assert.deepEqual(animationFrames(shownFor(frames, 4), model), frames);
  assert.deepEqual(
    animationFrames(shownFor(frames, 4, [120, 130, 120, 130, 900]), { side: 4, frames: 5 }),
    frames,
    "nearly even, and how long the last one is shown says nothing",
  );
  assert.deepEqual(animationFrames(shownFor(frames, 4, [0, 10, 100, 90]), model), frames);
  assert.equal(animationFrames(shownFor(frames, 4, [40, 40, 200]), model), null, "another pace");
  assert.equal(animationFrames(shownFor(frames.slice(3), 4), model), null, "too few");
  assert.equal(animationFrames(shownFor(frames, 4), { side: 8, frames: 3 }), null, "too small");
  const clear = shownFor(frames, 4);
  clear[4].pixels[3] = 0;
  assert.equal(animationFrames(clear, model), null, "transparent");
});

test("of many frames some are taken as by the server, and told in its words", () => {
  assert.deepEqual(evenChoice(8, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(evenChoice(22, 8), [0, 3, 6, 9, 12, 15, 18, 21]);
  assert.deepEqual(evenChoice(5, 9), [0, 0, 1, 2, 2, 2, 3, 4, 4], "halves go to the even number");
  assert.equal(framesInWords(8, 8), "All 8 frames");
  assert.equal(framesInWords(22, 8), "Every 3rd of 22 frames");
  assert.equal(framesInWords(78, 8), "Every 11th of 78 frames");
  assert.equal(framesInWords(10, 8), "8 of 10 frames, evenly from the first to the last");
});

test("a clip may repeat itself where two frames three or more apart are alike", () => {
  const still = noise(2);
  const looks = framesOf(4, still);
  const round = [0, 1, 2, 3, 0, 1, 2, 3].map((n) => looks[n]);
  assert.equal(mayRepeat(round), true);
  assert.equal(mayRepeat(framesOf(8, noise(3))), false);
});

test("the squared error is that of values in [0, 1], of a frame", () => {
  const dark = framesOf(2, () => 0, 2);
  const light = framesOf(2, () => 51, 2);
  assert.ok(Math.abs(squaredError(dark, light) - 12 * 0.04) < 1e-12);
});

test("the local difference is that of nested loops", () => {
  const [given, drawn] = [framesOf(3, noise(4)), framesOf(3, noise(5))];
  let most = 0;
  for (let top = 0; top < SIDE; top += 1) {
    for (let left = 0; left < SIDE; left += 1) {
      let sum = 0;
      for (let c = 0; c < 3; c += 1) {
        let mean = 0;
        for (let y = Math.max(0, top - 4); y <= Math.min(SIDE - 1, top + 4); y += 1) {
          for (let x = Math.max(0, left - 4); x <= Math.min(SIDE - 1, left + 4); x += 1) {
            const n = 4 * (y * SIDE + x) + c;
            for (let t = 0; t < 3; t += 1) mean += (given[t][n] - drawn[t][n]) / 255 / 3;
          }
        }
        sum += (mean / 81) ** 2;
      }
      most = Math.max(most, 81 * sum);
    }
  }
  assert.ok(Math.abs(localDifference(given, drawn, SIDE) - most) < 1e-9);
});

test("how well a model draws a clip is told beside clips that it knows", () => {
  const [given, drawn] = [framesOf(2, noise(6)), framesOf(2, noise(7))];
  const error = squaredError(given, drawn);
  const typical = { error: error / 30, error_limit: error / 2, difference_limit: 1e9 };
  const fit = fitOf(given, drawn, SIDE, typical);
  assert.equal(fit.known, false);
  assert.match(fit.sentence, /30 times worse/);
  assert.equal(fitOf(given, drawn, SIDE, { ...typical, error_limit: error }).known, true);
  assert.equal(fitOf(given, drawn, SIDE, null), null);
});

test("a palette is sorted, and none if there are too many colours", () => {
  const frames = framesOf(1, (_, n) => (n % 8 < 4 ? 9 : 3));
  assert.deepEqual(paletteOf(frames), [
    [3, 3, 3],
    [9, 9, 9],
  ]);
  assert.equal(paletteOf(framesOf(2, noise(8), 20)), null);
});
