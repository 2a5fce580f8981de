// What the judge's answers mean, and a comparison from what is given to what is said of it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { drawSource, exampleSource } from "../../rwae/ui/assets/lib/comparison.js";
import { Runner } from "../../rwae/ui/assets/lib/runner.js";
import { summary, verdictRows, worstState } from "../../rwae/ui/assets/lib/verdict.js";
import { pass, randomClip, randomNumbers, stopTime, wait } from "./helpers.js";

beforeEach(stopTime);

const colour = (value, confidence = 0.99) => ({
  factor: "colour",
  static: true,
  value,
  confidence,
});
const side = (value, confidence = 0.99) => ({ factor: "side", static: false, value, confidence });

test("what should stay is kept, changed or unclear", () => {
  const wanted = { who: [colour("red"), side("left")], how: [colour("blue"), side("right")] };
  const states = (...answers) => verdictRows([answers], wanted).map(({ state }) => state);
  assert.deepEqual(states(colour("red"), side("right")), ["kept", "kept"]);
  assert.deepEqual(states(colour("blue"), side("left")), ["changed", "changed"]);
  assert.deepEqual(states(colour("red", 0.5), side("right")), ["unclear", "kept"]);
});

test("what is free is only named", () => {
  const [row] = verdictRows([[colour("colour 3")]], {});
  assert.deepEqual([row.state, row.words], ["free", "3"]);
});

test("several motions of one who are judged by what does not differ", () => {
  const clips = (...colours) => colours.map((value, n) => [colour(value), side(`way ${n}`)]);
  const state = (...colours) => verdictRows(clips(...colours), {})[0].state;
  assert.equal(state("red", "red", "red"), "kept");
  assert.equal(state("red", "blue", "red"), "changed");
  assert.equal(verdictRows(clips("red", "red"), {})[1].state, "free");
  const doubtful = [[colour("red")], [colour("blue", 0.4)], [colour("red")]];
  assert.equal(verdictRows(doubtful, {})[0].state, "kept");
});

test("a summary names what changed before what was kept", () => {
  const row = (factor, who, state) => ({ factor, who, state });
  assert.equal(
    summary([row("colour", true, "changed"), row("side", false, "kept")]),
    "Colour changed. Moves as asked.",
  );
  assert.equal(summary([row("colour", true, "kept")]), "Who is kept.");
  assert.equal(summary([]), "");
  assert.equal(worstState([row("a", true, "kept"), row("b", true, "changed")]), "changed");
  assert.equal(worstState([]), "free");
});

const frames = (value, confidence = 0.8) => ({
  factor: "frames",
  static: false,
  value,
  confidence,
});

test("two poses in a frame are said, whatever is kept, and frames are no motion", () => {
  const wanted = { who: [colour("red")], how: [colour("blue"), side("right")] };
  const rows = (...shown) =>
    verdictRows(
      shown.map((value) => [colour("red"), side("right"), frames(value)]),
      wanted,
    );
  const [, , one] = rows("one pose");
  assert.deepEqual([one.state, one.words], ["kept", "one pose"]);
  assert.equal(summary(rows("one pose")), "Who is kept. Moves as asked.");
  const ghost = rows("two poses or loose pieces");
  assert.equal(worstState(ghost), "changed");
  assert.equal(
    summary(ghost),
    "Who is kept. Moves as asked. Its frames show two poses or loose pieces.",
  );
  assert.equal(rows("one pose", "two poses or loose pieces").at(-1).state, "changed");
  assert.equal(summary([one]), "");
});

// A model side by side with others, without a page.
class FakePeer {
  constructor(name, { decode }) {
    Object.assign(this, { name, title: name, judged: true, decode, verdicts: [] });
  }

  async codesOf({ codes, clips, seed }) {
    if (codes) return { clips: [codes] };
    return { clips: Array.from({ length: clips }, (_, n) => randomClip(randomNumbers(seed + n))) };
  }

  shifted(code, shifts) {
    return code.map((value) => value + shifts[0]);
  }

  async findDirections() {
    return undefined;
  }

  reads({ codes }) {
    return Boolean(codes);
  }

  substitutes() {
    return "";
  }

  note() {}

  async judge(clips) {
    return { clips: clips.map(() => [colour("red"), side("left")]) };
  }

  showVerdict(verdict) {
    this.verdicts.push(verdict);
  }
}

function makeRunner(options = {}) {
  const decode = options.decode ?? (async (clips) => ({ sheet: { frames: 4, clips } }));
  const peers = ["one", "two"].map((name) => new FakePeer(name, { decode }));
  const log = { pictures: [], states: [] };
  const judge = async ({ clips }) => ({ clips: clips.map(() => [colour("red"), side("left")]) });
  const runner = new Runner({
    peers: () => peers,
    server: { judge_codes: judge },
    shifts: () => options.shifts ?? [0],
    show: (pictures) => log.pictures.push(pictures),
    state: (step, busy, error) => log.states.push([step, busy, error]),
  });
  return { runner, peers, log };
}

const clips = [randomClip(randomNumbers(1)), randomClip(randomNumbers(2))];
const home = { name: "one", clips };

test("every model shows who of one clip with how the other moves, all at once", async () => {
  const { runner, peers, log } = makeRunner();
  runner.run({ who: exampleSource(home, 0), how: exampleSource(home, 1), swept: false });
  await pass(300);
  for (const pictures of log.pictures) {
    assert.deepEqual(
      pictures.map(({ peer }) => peer.name),
      ["one", "two"],
    );
    for (const { clips: shown } of pictures) {
      assert.deepEqual(shown, [{ static: clips[0].static, dynamic: clips[1].dynamic }]);
    }
  }
  for (const peer of peers) {
    assert.deepEqual(
      peer.verdicts.at(-1).rows.map(({ state }) => state),
      ["kept", "kept"],
    );
  }
});

test("a sweep gives one who several motions", async () => {
  const { runner, log } = makeRunner({ shifts: [0.5] });
  runner.run({ who: drawSource(1, 1, 1), how: drawSource(2, 4, 1), swept: true });
  await pass(300);
  const [{ clips: shown }] = log.pictures.at(-1);
  assert.equal(shown.length, 4);
  assert.equal(new Set(shown.map(({ static: who }) => who.join())).size, 1);
  assert.equal(new Set(shown.map(({ dynamic }) => dynamic.join())).size, 4);
});

test("a model that fails is named, and no picture is shown", async () => {
  const decode = async () => ({ error: "No." });
  const { runner, log } = makeRunner({ decode });
  runner.run({ who: exampleSource(home, 0), how: exampleSource(home, 1), swept: false });
  await pass(300);
  assert.deepEqual(log.pictures, []);
  assert.ok(log.states.some(([step, , error]) => step === "pictures" && error === "one: No."));
});

test("no picture waits for the judge", async () => {
  const { runner, peers, log } = makeRunner();
  for (const peer of peers) peer.judge = () => new Promise(() => {});
  runner.run({ who: exampleSource(home, 0), how: exampleSource(home, 1), swept: false });
  await pass(50);
  assert.ok(log.pictures.length > 0);
  runner.run({ who: exampleSource(home, 1), how: exampleSource(home, 0), swept: false });
  await pass(50);
  assert.deepEqual(log.pictures.at(-1)[0].clips[0].static, clips[1].static);
});

test("in a drag the judge pauses, and at rest it is always asked", async () => {
  const shifts = [0];
  const { runner, peers } = makeRunner({ shifts });
  const asked = [];
  peers[0].judge = async (clips) => {
    asked.push(clips[0].static);
    await wait(40);
    return { clips: clips.map(() => [colour("red"), side("left")]) };
  };
  runner.run({ who: exampleSource(home, 0), how: exampleSource(home, 1), swept: false });
  await pass(1000);
  asked.length = 0;
  for (let n = 1; n <= 40; n += 1) {
    shifts[0] = n / 10;
    runner.decode();
    await pass(20); // 0.8 seconds in all
  }
  assert.ok(asked.length <= 6, `${asked.length} times`);
  await pass(1000);
  assert.deepEqual(asked.at(-1), peers[0].shifted(clips[0].static, shifts));
});

test("factors have the names that people use", () => {
  const answer = { factor: "topwear", static: true, value: "cream", confidence: 1 };
  const rows = verdictRows([[answer]], { who: [{ ...answer, value: "cyan" }], how: null });
  assert.equal(rows[0].factor, "top");
  assert.equal(summary(rows), "Top changed.");
});
