// Decodes in the visitor's browser where that works and is quick enough: one worker for the page,
// and a model of it for each model that the page shows. Whatever goes wrong, the server decodes.

import { Choice } from "./choice.js";
import { Observable } from "./session.js";

const PATIENCE = 3000; // milliseconds that what can wait waits for a model to be opened
const RETRY = 10_000; // milliseconds after which a server is asked again that was busy
const LIMIT = 1500; // milliseconds of a job, beside those of its frames, after which it is lost
const FRAME_LIMIT = 60; // milliseconds of a frame
const ENCODER_LIMIT = 60_000; // milliseconds for codes, with the megabytes of an encoder

const PREPARING = "Your browser is getting ready to decode by itself.";
const TOO_SLOW = "Your browser is busy or slow just now, so the server decodes.";
const SAVES_DATA = "Your connection is slow or saves data, so the weights are not loaded.";
const WANTED = "You chose the server.";
const NO_WORKER = "Your browser does not let the page decode by itself, so the server decodes.";
const FAILED = "Your browser could not load or run the decoder, so the server decodes.";

export class BrowserDecoder {
  changed = new Observable(); // the name of a model about which `statusOf(name)` has changed
  alone = false; // whether there is no server

  #models = new Map();
  #jobs = new Map(); // what resolves with the answer of each job
  #last = 0;
  #worker = null;
  #broken = null; // why there can be no worker

  // makeWorker() starts the worker; preference.value is "browser", "server" or null, as the
  // visitor has chosen by preference.choose(where); savesData() says whether weights are too much for the connection; idle()
  // resolves when the page has nothing better to do.
  constructor({ makeWorker, preference, savesData, idle = async () => {}, now } = {}) {
    Object.assign(this, { makeWorker, preference, savesData, idle, now });
  }

  // For a page without a server: the browser decodes, however slow it is. Called before any model
  // is asked for.
  standAlone(makeWorker) {
    Object.assign(this, { alone: true, makeWorker });
  }

  // A model by its name. find() asks the server where its decoder is.
  model(name, side, find) {
    if (!this.#models.has(name)) this.#models.set(name, new LocalModel(this, name, side, find));
    return this.#models.get(name);
  }

  // Of a model that has not been asked for yet, too; see `LocalModel.status`.
  statusOf(name) {
    return this.#models.get(name)?.status ?? { browser: false, possible: true, why: PREPARING };
  }

  // Whether the visitor wants models to be decoded here, or leaves it to the page, which would.
  get wanted() {
    return this.refusal === null;
  }

  // Why no model is decoded here; null if some may be.
  get refusal() {
    if (this.#broken) return this.#broken;
    if (this.alone) return null;
    if (this.preference.value === "server") return WANTED;
    return this.preference.value !== "browser" && this.savesData() ? SAVES_DATA : null;
  }

  // The visitor chooses: "browser" or "server".
  prefer(where) {
    this.preference.choose(where);
    for (const name of this.#models.keys()) this.changed.set(name);
  }

  post(message) {
    try {
      this.#worker ??= this.#start();
      this.#worker.postMessage(message);
    } catch {
      this.#breakDown();
    }
  }

  #start() {
    const worker = this.makeWorker();
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    for (const kind of ["error", "messageerror"]) {
      worker.addEventListener(kind, (event) => {
        event.preventDefault?.();
        this.#breakDown();
      });
    }
    return worker;
  }

  #receive(message) {
    const id = message.decoded ?? message.encoded ?? message.lost;
    if (id !== undefined) this.#settle(id, "lost" in message ? null : message);
    else this.#models.get(message.opened ?? message.failed ?? message.closed)?.take(message);
  }

  #settle(id, answer) {
    this.#jobs.get(id)?.(answer);
    this.#jobs.delete(id);
  }

  // The worker is gone: the server decodes what was asked of it.
  #breakDown() {
    this.#broken = NO_WORKER;
    this.#worker?.terminate();
    for (const id of [...this.#jobs.keys()]) this.#settle(id, null);
    for (const model of this.#models.values()) model.fail(NO_WORKER);
  }

  // Has clips decoded; null if nothing comes within a time, or once `signal` is aborted.
  run(name, clips, side, signal) {
    const frames = clips.reduce((sum, { dynamic }) => sum + dynamic.length, 0);
    const limit = LIMIT + FRAME_LIMIT * frames;
    return this.#ask((id) => ({ decode: id, name, clips, side }), limit, signal);
  }

  // Has the codes of frames inferred, each RGBA bytes: {codes}, or null as from `run`. encoder:
  // {kernel, weights}, addresses.
  encode({ kernel, weights }, frames, sizes, signal) {
    if (this.refusal) return Promise.resolve(null);
    const message = (id) => ({ encode: id, kernel, weights, frames, sizes });
    return this.#ask(message, ENCODER_LIMIT, signal);
  }

  // Posts message(id), and resolves with the answer.
  #ask(message, limit, signal) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const drop = () => {
        this.#settle(id, null);
        this.post({ drop: id });
      };
      const timer = setTimeout(drop, limit);
      signal?.addEventListener("abort", drop, { once: true });
      this.#jobs.set(id, (answer) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", drop);
        resolve(answer);
      });
      this.post(message(id));
    });
  }
}

// One model of the page.
class LocalModel {
  #state = "closed"; // then "opening", and "open", "failed" or, where the server is, "busy"
  #why = PREPARING;
  #waiting = []; // what resolves once it is opened, or cannot be

  constructor(page, name, side, find) {
    Object.assign(this, { page, name, side, find, choice: new Choice(page.now, page.alone) });
  }

  // Whether the next clip is decoded here.
  get active() {
    return this.#state === "open" && !this.page.refusal && this.choice.browser;
  }

  // {browser: whether it is decoded here, ms of a frame, possible: whether the visitor may choose,
  // why: a sentence about the server}.
  get status() {
    const { refusal } = this.page;
    const slow = this.#state === "open" && !this.choice.browser ? TOO_SLOW : this.#why;
    const possible = this.#state !== "failed";
    const why = possible ? (refusal ?? slow) : this.#why;
    return { browser: this.active, ms: this.choice.frame, possible, why };
  }

  // Opens the model, once and in the background, or measures it anew.
  async prepare() {
    if (this.page.refusal) return;
    if (this.#state === "open" && this.choice.stale) this.page.post({ measure: this.name });
    if (this.#state !== "closed") return;
    this.#state = "opening";
    if (!this.page.alone) await this.page.idle();
    const found = await this.find();
    if (found.error) {
      setTimeout(() => this.#become("closed"), RETRY);
      this.#become("busy");
    } else if (found.stays) this.fail(found.stays);
    else this.page.post({ open: this.name, kernel: found.kernel, weights: found.weights });
  }

  // Takes what the worker says of the model.
  take({ opened, failed, ms }) {
    if (failed) this.fail(FAILED);
    else if (opened) {
      this.choice.noteMeasured(ms);
      this.#become("open");
    } else this.#become("closed");
  }

  // why: a sentence for the visitor.
  fail(why) {
    this.#why = why;
    this.#become("failed");
  }

  #become(state) {
    this.#state = state;
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.page.changed.set(this.name);
  }

  // Resolves once the model is open or cannot be or, where there is a server, after some time.
  opened() {
    if (this.#state !== "opening" || this.page.refusal) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.page.alone) setTimeout(resolve, PATIENCE);
    });
  }

  // Decodes clips: {pixels, width, height, ms of a frame}, or null where the server has to. A
  // `move` is shown while a hand moves; what is `patient` may wait for the model to be opened.
  async decode(clips, { move = false, patient = false, signal } = {}) {
    this.prepare();
    if (patient || this.page.alone) await this.opened();
    if (!this.active || signal?.aborted) return null;
    const { choice, page } = this;
    const start = choice.now();
    const answer = await page.run(this.name, clips, this.side, signal);
    if (signal?.aborted) return null;
    if (!answer) choice.leave();
    else if (move) choice.noteMove(choice.now() - start);
    if (answer) choice.noteFrame(answer.ms);
    page.changed.set(this.name);
    return answer;
  }

  // How long the server took for a move.
  noteServer(milliseconds) {
    this.choice.noteServer(milliseconds);
  }
}
