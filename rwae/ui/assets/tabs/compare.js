// The Compare tab: one set of controls over several models, and what the judge says of each.

import { refusal } from "../lib/clipfile.js";
import {
  ComparisonMemory,
  comparisonHint,
  comparisonLink,
  drawSource,
  exampleSource,
  fileSource,
  MAX_SHIFT,
  withCopy,
} from "../lib/comparison.js";
import { parseSeed, randomSeed } from "../lib/format.js";
import { MOTIONS, Runner } from "../lib/runner.js";
import { session } from "../lib/session.js";
import { addressOfModel, putAddress, shareAddress } from "../widgets/address.js";
import { exampleChooser, loadExamples } from "../widgets/chooser.js";
import { fillTrack, messages, parts } from "../widgets/dom.js";
import { Report } from "../widgets/fitreport.js";
import { SharedKnob } from "../widgets/knobs.js";
import { Peer } from "../widgets/peer.js";
import { Peers } from "../widgets/peers.js";
import { Clock, transport } from "../widgets/player.js";
import { SaveMenu } from "../widgets/takeaway.js";
import { acceptUploads } from "../widgets/upload.js";
import { Webcam } from "../widgets/webcam.js";
import { startWithModel } from "./tab.js";

const BY_SERVER =
  "Read by the server, which keeps nothing of it: its judge has to see what every model was given.";
const KINDS = ["who", "how"]; // what says who, and what says how it moves

const memory = new ComparisonMemory();

// value: {peers: what the page knows of each model, maxUpload: bytes}. trigger("explore") opens
// the Explore tab.
export function start({ element, server, trigger, value }) {
  startWithModel({ element, server }, (context) => {
    new Compare(element, { ...context, trigger, ...value });
  });
}

class Compare {
  constructor(element, { model, serverOf, signal, trigger, peers: known, maxUpload }) {
    Object.assign(this, { model, serverOf, signal, trigger, maxUpload });
    Object.assign(this, { marks: {}, busy: new Set() });
    const part = parts(element);
    this.part = part;
    Object.assign(this, messages(part.message)); // say and fail
    const all = withCopy(known, model);
    const { comparison, error } = memory.start(model, all, location.hash);
    Object.assign(this, { comparison, home: comparison.home });
    this.clock = new Clock(part.root, this.home.frames);
    this.peers = new Peers(part.chips, part.peers, all, comparison, {
      makePeer: (about) => this.makePeer(about),
      changed: () => this.refresh(),
      say: this.say,
      fail: this.fail,
    });
    this.runner = new Runner({
      peers: () => this.peers.peers,
      server: this.serverOf(this.home.name),
      shifts: () => comparison.shifts,
      show: (pictures) => this.show(pictures),
      state: (step, busy, failure) => this.setBusy(step, busy, failure),
    });
    this.report = new Report(part.report, this.clock, this.home.side, (choices) =>
      this.take(fileSource(this.read.file, choices)),
    );
    this.connectSources();
    this.connectSliders();
    this.acceptFiles();
    this.offerSaving();
    part.preset.addEventListener("click", () => this.sweep());
    part.link.addEventListener("click", () => this.copyLink());
    part.hint.textContent = comparisonHint(this.peers.group);
    part.judging.hidden = !this.peers.group.some(({ judged }) => judged);
    transport(part.transport, this.clock);
    this.fail(error);
    this.refresh();
    this.offerExamples();
  }

  makePeer(about) {
    const open = (clip) => this.openInExplore(about, clip);
    return new Peer(about, this.serverOf(about.name), this.clock, this.home.side, open);
  }

  setBusy(step, busy, error) {
    this.busy[busy ? "add" : "delete"](step);
    if (error) this.fail(error);
    const working = [...this.busy].some((other) => other !== "judge");
    this.part.stage.setAttribute("aria-busy", String(working));
    this.part.peers.setAttribute("aria-busy", String(this.busy.has("judge")));
  }

  show(pictures) {
    const frames = Math.max(...pictures.map(({ sheet }) => sheet.frames));
    if (this.clock.frames !== frames) this.clock.resize(frames);
    pictures.forEach(({ peer, sheet, clips }) => {
      peer.show(sheet, clips);
    });
    const shown = pictures.map(({ peer, clips }) => ({ model: peer.name, clips }));
    session.shown.set("compare", shown);
  }

  // What every model is given: what says who, and what says how it moves.
  refresh() {
    const { part, comparison } = this;
    comparison.names = this.peers.peers.map(({ name }) => name);
    comparison.temperature = Number(part.temperature.value);
    KINDS.forEach((kind) => {
      const field = part[`${kind}seed`];
      comparison[`${kind}seed`] = parseSeed(field.value);
      field.value = comparison[`${kind}seed`]; // one that cannot be used is replaced in sight
    });
    const { whoclip, howclip, whoseed, howseed, temperature } = comparison;
    const who = comparison.who === "clip" ? whoclip : drawSource(whoseed, 1, 1);
    const draws = drawSource(howseed, MOTIONS, temperature);
    const how = { own: who, other: howclip, drawn: draws }[comparison.how];
    part.whoabout.textContent = who.about;
    part.howabout.textContent = comparison.how === "own" ? "that of who" : how.about;
    part.temperaturevalue.textContent = temperature.toFixed(2);
    fillTrack(part.temperature);
    this.runner.run({ who, how, swept: comparison.how === "drawn" });
    this.showReport(who.file ? who : null);
  }

  changed() {
    this.say("");
    this.refresh();
  }

  connectSources() {
    const { part, comparison } = this;
    KINDS.forEach((kind) => {
      const seed = part[`${kind}seed`];
      part[`${kind}switch`].addEventListener("click", ({ target }) => {
        if (!target.dataset.choice) return;
        this.choose(kind, target.dataset.choice);
        this.changed();
      });
      seed.value = comparison[`${kind}seed`];
      seed.addEventListener("change", () => this.changed());
      part[`new${kind}`].addEventListener("click", () => {
        seed.value = randomSeed();
        this.changed();
      });
      this.choose(kind, comparison[kind]);
    });
    part.temperature.value = comparison.temperature;
    part.temperature.addEventListener("input", () => this.changed());
  }

  // Buttons of which one is pressed; what belongs to it is in sight.
  choose(kind, choice) {
    this.comparison[kind] = choice;
    [...this.part[`${kind}switch`].children].forEach((button) => {
      const own = button.dataset.choice;
      button.setAttribute("aria-pressed", String(own === choice));
      this.part[kind + own].hidden = own !== choice;
    });
  }

  // All models draw one who, and give it several motions each.
  sweep() {
    this.peers.include(this.peers.group.find(({ encodes }) => !encodes));
    this.choose("who", "draw");
    this.choose("how", "drawn");
    this.resetSliders();
    this.changed();
  }

  connectSliders() {
    const { part, comparison } = this;
    this.sliders = comparison.shifts.map(
      (start, k) =>
        new SharedKnob(part.looks, k, start, MAX_SHIFT, (shift) => this.shift(k, shift)),
    );
    part.level.addEventListener("click", () => this.resetSliders());
  }

  resetSliders() {
    this.sliders.forEach((slider) => {
      slider.set(0);
    });
  }

  async shift(k, shift) {
    const { comparison } = this;
    comparison.shifts = comparison.shifts.map((before, n) => (n === k ? shift : before));
    this.say("");
    await this.findDirections();
    if (!this.signal.aborted) this.runner.decode();
  }

  // The first move of a slider waits for the directions of every model.
  async findDirections() {
    const missing = this.peers.peers.filter(({ write }) => !write);
    if (!missing.length) return;
    this.setBusy("directions", true);
    this.say("Looking for what changes each model's pictures most.");
    const errors = await Promise.all(missing.map((peer) => peer.findDirections()));
    this.fail(errors.find(Boolean));
    this.setBusy("directions", false);
  }

  // A visitor's clip, read by every model that has an encoder.

  acceptFiles() {
    const { part } = this;
    this.readable = this.peers.group.some(({ encodes }) => encodes);
    part.upload.disabled = part.film.disabled = part.drophint.hidden = !this.readable;
    acceptUploads({
      ...{ area: part.root, button: part.upload, signal: this.signal },
      takesPaste: () => true,
      take: (file) => this.upload(file),
    });
    if (!this.readable) return;
    const camera = new Webcam(part.camera, this.home, this.signal, {
      ...{ say: this.say, fail: this.fail },
      shown: (open) => {
        part.whos.hidden = open;
        part.film.setAttribute("aria-pressed", String(open));
      },
      taken: (file) => this.upload(file),
    });
    part.film.addEventListener("click", () => {
      this.choose("who", "clip");
      camera.toggle();
    });
  }

  upload(file) {
    if (!this.readable) {
      this.fail(
        "No model here can read a clip of yours, for none of them has an encoder: choose an " +
          "example or a draw.",
      );
      return;
    }
    const bad = refusal(file, this.maxUpload);
    if (bad) {
      this.fail(bad);
      return;
    }
    this.take(fileSource(file));
  }

  take(source) {
    this.comparison.whoclip = source;
    this.mark("who");
    this.choose("who", "clip");
    this.changed();
  }

  // How the page's model reads a visitor's clip or, if it reads none, the first that does; the
  // others read it by the same choices. No source: no clip of a visitor is compared.
  async showReport(source) {
    if (source === this.reported) return;
    this.reported = source;
    const { part, report } = this;
    part.report.hidden = !source || this.read?.file !== source.file;
    if (!source) return;
    const readers = this.peers.peers.filter((peer) => peer.reads(source));
    const reader = readers.find(({ name }) => name === this.home.name) ?? readers[0];
    const answer = await reader?.codesOf(source);
    if (!answer || source !== this.reported || this.signal.aborted) return;
    if (!answer.error) {
      this.read = { ...answer, choices: source.choices, file: source.file };
      report.more.className = "rw-hint";
      report.more.textContent = `As ${reader.title} reads it.`;
      report.show({ ...this.read, where: BY_SERVER });
    } else if (!part.report.hidden) report.showChoices(this.read);
  }

  // Examples to choose from.

  async offerExamples() {
    const { part, home, clock } = this;
    const { examples, error } = await loadExamples(home);
    if (this.signal.aborted) return;
    if (error) {
      this.fail(error);
      return;
    }
    KINDS.forEach((kind) => {
      const choose = ({ row }) => {
        this.comparison[`${kind}clip`] = exampleSource(home, row);
        this.changed();
      };
      this.marks[kind] = exampleChooser(part[`${kind}s`], examples, clock, home.side, choose);
      this.mark(kind);
    });
  }

  mark(kind) {
    this.marks[kind]?.(this.comparison[`${kind}clip`].row ?? -1); // none for a file
  }

  // What leaves the tab: a picture, the address of the comparison, and single clips.

  offerSaving() {
    const shown = () => session.shown.get("compare") ?? [];
    new SaveMenu(this.part.takeaway, {
      message: this.part.message,
      model: this.home,
      server: this.serverOf(this.home.name),
      fps: () => this.clock.fps,
      grid: () => ({ peers: shown(), columns: Math.min(2, shown()[0]?.clips.length ?? 1) }),
    });
  }

  async copyLink() {
    const link = comparisonLink(this.comparison);
    if (link) this.say(await shareAddress(this.home.name, link));
    else this.fail("No link can hold a clip of yours: choose an example or a draw for who.");
  }

  // Explore shows clips of the page's model: for one of another, the page turns to that model. The
  // browser's way back leads to this comparison.
  async openInExplore({ name, title }, clip) {
    if (name === this.model.name) {
      session.opened.set(clip);
      this.trigger("explore");
      return;
    }
    this.say(`Opening ${title} in Explore.`);
    const before = location.href;
    putAddress(this.home.name, comparisonLink(this.comparison) ?? "");
    history.pushState(null, "", addressOfModel(name));
    const { href } = location;
    memory.keepWhileOpened(name);
    if (await session.choose(name, clip)) {
      this.trigger("explore");
      return;
    }
    this.say("");
    if (location.href === href) history.replaceState(null, "", before);
  }
}
