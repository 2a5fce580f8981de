// The editor: undo, redo, gestures and glides.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Editor } from "../../rwae/ui/assets/lib/editor.js";
import { reverse } from "../../rwae/ui/assets/lib/motion.js";
import { randomClip, randomNumbers } from "./helpers.js";

// A screen whose frames are shown one by one.
class Screen {
  constructor() {
    Object.assign(this, { time: 0, step: null, still: false });
  }

  now() {
    return this.time;
  }

  request(step) {
    this.step = step;
    return step;
  }

  cancel(step) {
    if (this.step === step) this.step = null;
  }

  reduced() {
    return this.still;
  }

  show(milliseconds) {
    this.time += milliseconds;
    const { step } = this;
    this.step = null;
    step?.(this.time);
  }
}

let screen;
let editor;
let events;
let clip;

beforeEach(() => {
  screen = new Screen();
  events = [];
  clip = randomClip(randomNumbers(1));
  editor = new Editor((kind) => events.push(kind), { animation: screen });
  editor.open({ codes: clip });
});

const setFirst = (value, done) =>
  editor.change((codes) => {
    codes.static[0] = value;
  }, done);

test("undo and redo are exact, in any number", () => {
  const states = [editor.codes];
  for (const value of [1, 2, 3]) {
    setFirst(value);
    states.push(editor.codes);
  }
  for (const state of states.slice(0, -1).reverse()) {
    editor.undo();
    assert.deepEqual(editor.codes, state);
  }
  assert.ok(!editor.dirty);
  for (const state of states.slice(1)) {
    editor.redo();
    assert.deepEqual(editor.codes, state);
  }
  editor.redo(); // there is nothing more
  assert.deepEqual(editor.codes, states.at(-1));
});

test("an edit after an undo leaves nothing to redo", () => {
  setFirst(1);
  editor.undo();
  setFirst(2);
  editor.redo();
  assert.equal(editor.codes.static[0], 2);
});

test("a gesture is one step", () => {
  for (const value of [1, 2, 3]) setFirst(value, false);
  setFirst(4, true);
  setFirst(5, true);
  editor.undo();
  assert.equal(editor.codes.static[0], 4);
  editor.undo();
  assert.deepEqual(editor.codes, clip);
});

test("an edit that changes nothing is no step", () => {
  setFirst(clip.static[0]);
  assert.equal(editor.past.length, 0);
  assert.deepEqual(events, ["opened"]);
});

test("an edit cannot change codes that were shown before", () => {
  const before = editor.codes;
  const copy = structuredClone(before);
  setFirst(7);
  assert.deepEqual(before, copy);
  assert.notEqual(editor.codes, before);
});

test("the guard has the last word, also in a glide", () => {
  editor.guard = (before, after) => ({ ...after, static: before.static });
  editor.change((codes) => ({ ...reverse(codes), static: [9, 9, 9] }));
  assert.deepEqual(editor.codes.static, clip.static);
  assert.deepEqual(editor.codes.dynamic, reverse(clip).dynamic);
});

test("a glide passes through codes in between, ends exactly and is one step", () => {
  const goal = randomClip(randomNumbers(2));
  editor.glide(() => goal);
  const seen = [];
  while (screen.step) {
    screen.show(50);
    seen.push(editor.codes.static[0]);
  }
  assert.deepEqual(editor.codes, goal);
  const rising = goal.static[0] > clip.static[0];
  assert.ok(seen.length > 5);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => (rising ? a - b : b - a)),
  );
  editor.undo();
  assert.deepEqual(editor.codes, clip);
});

test("an edit in the middle of a glide starts from where the glide leads", () => {
  const goal = randomClip(randomNumbers(2));
  editor.glide(() => goal);
  screen.show(100);
  editor.change(reverse);
  assert.deepEqual(editor.codes, reverse(goal));
  assert.equal(screen.step, null);
  editor.undo();
  assert.deepEqual(editor.codes, goal);
});

test("a clip that is opened in the middle of a glide stays", () => {
  editor.glide(() => randomClip(randomNumbers(2)));
  screen.show(100);
  const other = randomClip(randomNumbers(3));
  editor.open({ codes: other });
  screen.show(1000);
  assert.deepEqual(editor.codes, other);
  assert.equal(editor.past.length, 0);
});

test("there is no glide for who asked for less motion, or between clips of other lengths", () => {
  screen.still = true;
  const goal = randomClip(randomNumbers(2));
  editor.glide(() => goal);
  assert.deepEqual(editor.codes, goal);
  screen.still = false;
  const longer = randomClip(randomNumbers(2), 6);
  editor.glide(() => longer);
  assert.deepEqual(editor.codes, longer);
  assert.equal(screen.step, null);
});

test("the oldest steps are forgotten", () => {
  for (let n = 1; n <= 250; n += 1) setFirst(n);
  for (let n = 1; n <= 250; n += 1) editor.undo();
  assert.equal(editor.codes.static[0], 50);
});
