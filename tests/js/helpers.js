// What several tests share.

import { mock } from "node:test";

// The same numbers between -1 and 1 for the same seed (the minimal standard generator).
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

// A clip with 3 static numbers and, in 4 frames, 2 dynamic ones.
export function randomClip(draw, frames = 4) {
  const row = (length) => Array.from({ length }, draw);
  return { static: row(3), dynamic: Array.from({ length: frames }, () => row(2)) };
}

export const close = (a, b) => a.flat().every((value, n) => Math.abs(value - b.flat()[n]) < 1e-9);

// From here on time stands still, for timers and for `performance.now`, until it is passed.
let now = 0;
export function stopTime() {
  now = 0;
  mock.timers.reset();
  mock.restoreAll();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
}

// Lets time pass in small steps, so that what a timer starts has its own timers.
export async function pass(milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 5) {
    now += 5;
    mock.timers.tick(5);
    // Promises that are resolved call what waits for them.
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  }
}

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
