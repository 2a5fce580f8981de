// Decoding in the browser: the worker's jobs, the choice between browser and server, and that
// whatever goes wrong leaves it to the server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { BrowserDecoder } from "../../rwae/ui/assets/lib/browserdecoder.js";
import { Choice } from "../../rwae/ui/assets/lib/choice.js";
import { DecodeService } from "../../rwae/ui/assets/lib/decodeservice.js";
import { Kernel } from "../../rwae/ui/assets/lib/kernel.js";
import { Pump } from "../../rwae/ui/assets/lib/pump.js";
import { pass, stopTime, wait } from "./helpers.js";

beforeEach(stopTime);

const KERNEL = new URL("../../rwae/models/kernel/kernel.wasm", import.meta.url);
const SIDE = 2;

// A clip of one number for who, and a frame of one number for each motion.
const clip = (who, motion) => ({ static: [who], dynamic: motion.map((z) => [z]) });

// The worker's service with models of which a frame takes `frame` milliseconds and is filled with
// 10 * who + motion; work() lets it do one slice.
async function makeService({ frame = 3, models = ["m"], openKernel } = {}) {
  const posted = [];
  let clock = 0;
  let wakes = 0;
  let wake;
  const kernel = {
    begin: (codes) => {
      kernel.codes = codes;
    },
    draw: (n, side) => {
      clock += frame;
      const { static: who, dynamic } = kernel.codes;
      return new Uint8ClampedArray(4 * side * side).fill(10 * who[0] + dynamic[n][0]);
    },
    measure: () => frame,
  };
  const service = new DecodeService((message) => posted.push(message), {
    openKernel: openKernel ?? (async () => kernel),
    now: () => clock,
    later: (call) => {
      wake = call;
      return () => {
        wakes += 1;
      };
    },
  });
  for (const open of models) await service.receive({ open, kernel: "k", weights: "w" });
  const work = () => {
    if (!wakes) return false;
    wakes -= 1;
    wake();
    return true;
  };
  return { service, posted, work, clock: () => clock };
}

test("a picture has a row for each clip and a column for each frame", async () => {
  const { service, posted, work } = await makeService();
  const clips = [clip(1, [1, 2, 3]), clip(2, [1, 2, 3])];
  service.receive({ decode: 7, name: "m", clips, side: SIDE });
  while (work());
  const { decoded, pixels, width, height, ms } = posted.at(-1);
  assert.deepEqual([decoded, width, height, ms], [7, 6, 4, 3]);
  const bytes = new Uint8ClampedArray(pixels);
  const at = (x, y) => bytes[4 * (y * width + x)];
  for (const [row, who] of [10, 20].entries()) {
    for (const column of [0, 1, 2]) {
      for (const dy of [0, 1]) {
        assert.equal(at(SIDE * column + 1, SIDE * row + dy), who + column + 1);
      }
    }
  }
});

test("a move that comes while stills are drawn waits for one slice, and stills are not lost", async () => {
  const { service, posted, work, clock } = await makeService();
  const stills = Array.from({ length: 65 }, (_, n) => clip(n % 5, [1]));
  service.receive({ decode: 1, name: "m", clips: stills, side: SIDE });
  work();
  const came = clock();
  work(); // the slice that had begun to be worked on when the move came
  service.receive({ decode: 2, name: "m", clips: [clip(1, [5])], side: SIDE });
  work();
  assert.equal(posted.at(-1).decoded, 2);
  assert.ok(clock() - came <= 25, `${clock() - came} ms`);
  while (work());
  assert.equal(posted.at(-1).decoded, 1);
  assert.equal(new Uint8ClampedArray(posted.at(-1).pixels)[4 * SIDE * SIDE * 3], 31);
});

test("a clip that was interrupted by one of another who goes on as it began", async () => {
  const { service, posted, work } = await makeService({ frame: 9 });
  service.receive({ decode: 1, name: "m", clips: [clip(1, [1, 2, 3, 4, 5])], side: SIDE });
  work();
  service.receive({ decode: 2, name: "m", clips: [clip(3, [0])], side: SIDE });
  while (work());
  assert.deepEqual(
    posted.filter((message) => "decoded" in message).map(({ decoded }) => decoded),
    [2, 1],
  );
  const bytes = new Uint8ClampedArray(posted.at(-1).pixels);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((n) => bytes[4 * SIDE * n]),
    [11, 12, 13, 14, 15],
  );
});

test("what nobody waits for is not drawn, and a model that is not open loses its jobs", async () => {
  const { service, posted, work, clock } = await makeService();
  service.receive({ decode: 1, name: "m", clips: [clip(1, [1])], side: SIDE });
  service.receive({ drop: 1 });
  service.receive({ decode: 2, name: "other", clips: [clip(1, [1])], side: SIDE });
  while (work());
  assert.equal(clock(), 0);
  assert.deepEqual(posted.at(-1), { lost: 2 });
});

test("of many models those that were used last stay open", async () => {
  const models = ["a", "b", "c", "d", "e", "f", "g"];
  const { posted } = await makeService({ models });
  assert.deepEqual(
    posted.filter((message) => "closed" in message),
    [{ closed: "a" }],
  );
});

test("a model that cannot be opened says so", async () => {
  const openKernel = async () => {
    throw new Error("no SIMD");
  };
  const { posted } = await makeService({ openKernel });
  assert.deepEqual(posted, [{ failed: "m", why: "no SIMD" }]);
});

test("the kernel refuses a file that is not the one that was sent", async () => {
  const module = await WebAssembly.compile(readFileSync(KERNEL));
  for (const file of [new Uint8Array(0), new Uint8Array(5000).fill(7)]) {
    await assert.rejects(Kernel.open(module, file), /did not arrive whole/);
  }
});

test("a browser without WebAssembly, or whose WebAssembly is refused, leaves it to the server", async () => {
  const { WebAssembly: there, fetch } = globalThis;
  globalThis.fetch = async () => ({ ok: true, arrayBuffer: async () => readFileSync(KERNEL) });
  const refused = { compile: () => Promise.reject(new Error("refused by CSP")) };
  for (const instead of [undefined, refused]) {
    globalThis.WebAssembly = instead;
    const posted = [];
    const later = () => () => {};
    const service = new DecodeService((message) => posted.push(message), { later });
    await service.receive({ open: "m", kernel: "k", weights: "w" });
    assert.equal(posted[0].failed, "m");
  }
  Object.assign(globalThis, { WebAssembly: there, fetch });
});

// The choice between browser and server.

test("a browser is chosen whose frame is quick, or quicker than the server's answers", () => {
  const choice = new Choice();
  assert.equal(choice.browser, false, "before it was measured");
  choice.noteMeasured(24);
  assert.equal(choice.browser, true);
  const slow = new Choice();
  for (const ms of [50, 300, 60]) slow.noteServer(ms);
  slow.noteMeasured(55);
  assert.equal(slow.browser, true);
  slow.noteMeasured(70);
  assert.equal(slow.browser, false);
});

test("after three slow moves in a row the server decodes, for longer each time", async () => {
  const choice = new Choice();
  choice.noteMeasured(3);
  for (const ms of [900, 900, 20, 900, 900]) choice.noteMove(ms);
  assert.equal(choice.browser, true);
  choice.noteMove(900);
  assert.deepEqual([choice.browser, choice.stale], [false, false]);
  await pass(20_000);
  assert.equal(choice.stale, true);
  choice.noteMeasured(3);
  assert.equal(choice.browser, true);
  for (let n = 0; n < 3; n += 1) choice.noteMove(900);
  await pass(20_000);
  assert.equal(choice.stale, false);
});

test("of the last frames the shortest and the longest are told", () => {
  const choice = new Choice();
  choice.noteMeasured(3);
  choice.noteFrame(7);
  assert.deepEqual([choice.frame, choice.longest], [3, 7]);
});

test("a move is not slow that the server would not have shown sooner", () => {
  const choice = new Choice();
  choice.noteMeasured(3);
  choice.noteServer(800);
  for (let n = 0; n < 5; n += 1) choice.noteMove(900);
  assert.equal(choice.browser, true);
});

// The page's side.

const ADDRESSES = { kernel: "k.wasm", weights: "w.bin" };
const PICTURE = { pixels: new ArrayBuffer(4), width: 1, height: 1, ms: 3 };

// A page whose worker answers as `react(message, answer)` says.
function makePage({ react = answerAll, found = ADDRESSES, preference, saves = false } = {}) {
  const sent = [];
  const listeners = {};
  const worker = {
    addEventListener: (kind, listener) => {
      listeners[kind] = listener;
    },
    postMessage: (message) => {
      sent.push(message);
      react(message, (data) => listeners.message({ data }));
    },
    terminate: () => {},
  };
  const decoder = new BrowserDecoder({
    makeWorker: () => worker,
    preference: {
      value: preference,
      choose: (where) => Object.assign(decoder.preference, { value: where }),
    },
    savesData: () => saves,
  });
  const model = (name = "m") => decoder.model(name, SIDE, async () => found);
  return { decoder, model, sent, fire: (kind) => listeners[kind]({}) };
}

function answerAll(message, answer) {
  if ("open" in message) answer({ opened: message.open, ms: 3 });
  if ("measure" in message) answer({ opened: message.measure, ms: 3 });
  if ("decode" in message) answer({ decoded: message.decode, ...PICTURE });
}

const MOVE = [clip(1, [1])];

// A page whose model is open.
async function openPage(options) {
  const page = makePage(options);
  assert.equal(await page.model().decode(MOVE, { move: true }), null, "the server until it is");
  await pass(50);
  return page;
}

test("the server decodes until the model is open, then the browser does", async () => {
  const { decoder, model, sent } = await openPage();
  assert.deepEqual(sent, [{ open: "m", ...ADDRESSES }]);
  assert.equal((await model().decode(MOVE, { move: true })).ms, 3);
  assert.deepEqual(decoder.statusOf("m").browser, true);
  assert.equal(sent.length, 2);
});

test("what is patient waits for the model, but not for ever", async () => {
  const { model } = makePage();
  assert.equal((await model().decode(MOVE, { patient: true })).ms, 3);
  const silent = makePage({ react: () => {} });
  const stills = silent.model().decode(MOVE, { patient: true });
  await pass(3100);
  assert.equal(await stills, null);
});

test("a model that stays on the server, or whose address fails, is decoded there", async () => {
  const stays = await openPage({ found: { stays: "It is private." } });
  assert.equal(await stays.model().decode(MOVE), null);
  assert.deepEqual(stays.sent, []);
  const { possible, why } = stays.decoder.statusOf("m");
  assert.deepEqual([possible, why], [false, "It is private."]);
  const failing = await openPage({
    react: (message, answer) => "open" in message && answer({ failed: message.open, why: "404" }),
  });
  assert.equal(await failing.model().decode(MOVE), null);
  assert.equal(failing.decoder.statusOf("m").possible, false);
});

test("a server that is too busy to say where the decoder is, is asked again", async () => {
  const answers = [{ error: "Many people use the app just now." }, ADDRESSES];
  const { decoder } = makePage();
  const model = decoder.model("m", SIDE, async () => answers.shift());
  await model.decode(MOVE);
  await pass(5000);
  assert.equal(await model.decode(MOVE), null);
  await pass(5100);
  assert.equal(await model.decode(MOVE), null);
  await pass(20);
  assert.equal(model.active, true);
});

test("a page without workers, or whose worker ends, goes on with the server", async () => {
  const page = makePage();
  page.decoder.makeWorker = () => {
    throw new Error("refused");
  };
  await page.model().decode(MOVE);
  await pass(50);
  assert.equal(await page.model().decode(MOVE), null);
  assert.equal(page.decoder.statusOf("m").possible, false);

  const ending = await openPage({
    react: (message, answer) => "open" in message && answerAll(message, answer),
  });
  const waiting = ending.model().decode(MOVE, { move: true });
  await pass(10);
  ending.fire("error");
  assert.equal(await waiting, null);
  assert.equal(await ending.model().decode(MOVE), null);
});

test("a job without an answer goes to the server after a time, and so do the next ones", async () => {
  const { model, sent } = await openPage({
    react: (message, answer) => "open" in message && answerAll(message, answer),
  });
  const lost = model().decode(MOVE, { move: true });
  await pass(1700);
  assert.equal(await lost, null);
  assert.deepEqual(sent.at(-1), { drop: 1 });
  assert.equal(model().active, false);
});

test("a starved browser gives way to the server after three moves, and is tried again", async () => {
  let delay = 400;
  const { model, sent } = await openPage({
    react: async (message, answer) => {
      await ("decode" in message ? wait(delay) : null);
      answerAll(message, answer);
    },
  });
  for (let n = 0; n < 3; n += 1) {
    const move = model().decode(MOVE, { move: true });
    await pass(500);
    assert.ok(await move);
  }
  assert.equal(await model().decode(MOVE, { move: true }), null);
  delay = 5;
  await pass(20_000);
  assert.equal(await model().decode(MOVE, { move: true }), null);
  await pass(5);
  assert.deepEqual(sent.at(-1), { measure: "m" });
  assert.equal(model().active, true);
});

test("a switch of the model in the middle of a drag drops what was asked for", async () => {
  const { model, sent } = await openPage({
    react: (message, answer) => "open" in message && answerAll(message, answer),
  });
  const chosen = new AbortController();
  const move = model().decode(MOVE, { move: true, signal: chosen.signal });
  await pass(10);
  chosen.abort();
  assert.equal(await move, null);
  assert.deepEqual(sent.at(-1), { drop: 1 });
  await pass(10);
  assert.equal(model().active, true, "the model itself is well");
});

test("without a server the browser decodes, however slow it is and whatever the visitor chose", async () => {
  const react = (message, answer) =>
    "open" in message
      ? setTimeout(() => answer({ opened: message.open, ms: 900 }), 5000)
      : answerAll(message, answer);
  const { decoder, model } = makePage({ react, preference: "server", saves: true });
  decoder.standAlone(decoder.makeWorker);
  const move = model().decode(MOVE, { move: true });
  await pass(5100);
  assert.equal((await move).ms, 3);
  for (let n = 0; n < 5; n += 1) model().choice.noteMove(900);
  assert.ok(await model().decode(MOVE, { move: true }));
});

test("the visitor's choice holds, also against a connection that saves data", async () => {
  const saving = await openPage({ saves: true });
  assert.deepEqual(saving.sent, []);
  assert.match(saving.decoder.statusOf("m").why, /saves data/);
  saving.decoder.prefer("browser");
  await saving.model().decode(MOVE);
  await pass(50);
  assert.equal(saving.model().active, true);
  saving.decoder.prefer("server");
  assert.equal(await saving.model().decode(MOVE), null);
  assert.equal(saving.decoder.statusOf("m").possible, true);
});

test("of a single move what is missing is asked for at once, in spite of the pace", async () => {
  const asked = [];
  const send = async () => {
    asked.push(1);
    return {};
  };
  const frame = () => wait(16);
  const show = () => asked.length === 1; // there is more
  const pump = new Pump(send, show, () => {}, { maxInFlight: 2, pace: frame });
  pump.push("move");
  await pass(5);
  assert.equal(asked.length, 2);
});

test("a pump with a pace sends once for each frame of the screen, the newest value", async () => {
  const asked = [];
  const send = async (value) => {
    asked.push(value);
    return {};
  };
  const frame = () => wait(16);
  const pump = new Pump(
    send,
    () => {},
    () => {},
    { maxInFlight: 2, pace: frame },
  );
  for (let n = 0; n < 40; n += 1) {
    pump.push(n);
    await pass(5);
  }
  assert.ok(asked.length >= 10 && asked.length <= 14, `${asked.length} in 200 ms`);
  await pass(30);
  assert.equal(asked.filter((value) => value === 39).length, 1);
});
