// A visitor's own clip in Explore: how well the model draws it, how it was read, what of it is
// taken, and the character that is learned from it.

import { kindOfFile, ownClips, refusal } from "../lib/clipfile.js";
import { ask, LONG_DEADLINE, upload } from "../lib/server.js";
import { session } from "../lib/session.js";
import { pushModel } from "./address.js";
import { make, messages, parts } from "./dom.js";
import { Report } from "./fitreport.js";
import { forgetLearned, Learn } from "./learn.js";

const PANEL = `
  <header class="rw-head"><h2 data-part="heading">Your clip</h2><p data-part="name"></p>
    <button type="button" class="rw-button" data-part="close"
      aria-label="Close the report on your clip">Close</button></header>
  <div data-part="report"></div>`;
const MORE = `
  <p class="rw-row rw-better" data-part="better" hidden></p>
  <details class="rw-read" data-part="teach"><summary>Learn this character</summary>
    <div class="rw-learn" data-part="learn"></div></details>
  <div class="rw-row rw-copy" data-part="copy" hidden>
    <button type="button" class="rw-button" data-part="save">Save the character</button>
    <button type="button" class="rw-button" data-part="forget">Undo: forget it</button>
  </div>
  <p class="rw-message" role="status" data-part="said"></p>`;

const NO_ENCODER =
  "This model has no encoder: it draws clips and cannot read one of yours. Choose another model.";

export class YourClip {
  // open({codes, sheet, row, given}) shows a clip. pick(): opens the picker. say, fail: the line
  // of the tab, for what happens while the panel is closed.
  // reader: a `ClipReader`.
  constructor(root, { model, server, reader, signal, clock, maxUpload, open, pick, say, fail }) {
    Object.assign(this, { root, model, server, reader, signal, maxUpload, open, pick, turn: 0 });
    this.tab = { say, fail };
    this.adding = false;
    root.innerHTML = PANEL;
    const take = (choices) => this.take(this.clip.file, choices);
    this.report = new Report(parts(root).report, clock, model.side, take);
    this.report.more.innerHTML = MORE;
    this.part = parts(root);
    this.own = messages(this.part.said);
    const { triple } = this.report;
    this.learn = new Learn(this.part.learn, {
      ...{ model, server, signal, triple, say: this.own.say, fail: this.own.fail },
      add: () => {
        this.adding = true;
        pick();
      },
    });
    this.part.close.addEventListener("click", () => {
      root.hidden = true;
    });
    this.part.save.addEventListener("click", () => this.save());
    this.part.forget.addEventListener("click", () => forgetLearned(server, model.name));
  }

  get line() {
    return this.root.hidden ? this.tab : this.own;
  }

  // What the page shows first: the learned clip with what was given, or a clip that was wanted.
  begin(example) {
    const learned = ownClips.learned.get(this.model.name);
    if (this.model.learned) this.showLearned(learned);
    if (learned) {
      this.open({ ...example, given: learned.given, palette: learned.clip?.palette });
    }
    const wanted = ownClips.takeWanted();
    if (wanted) this.take(wanted.file, wanted.choices);
  }

  // A file of any kind that this page reads, but for codes. kept: see `ClipReader.read`.
  async take(file, choices = {}, kept = false) {
    if ((await kindOfFile(file)) === "learned") {
      await this.openSaved(file);
      return;
    }
    const add = this.adding;
    this.adding = false;
    const bad = this.model.encodes ? refusal(file, this.maxUpload) : NO_ENCODER;
    if (bad) {
      this.line.fail(bad);
      return;
    }
    const turn = ++this.turn;
    this.line.say("Reading the file.");
    this.root.setAttribute("aria-busy", "true");
    const answer = await ask(() => this.reader.read(file, choices, kept), LONG_DEADLINE);
    if (turn !== this.turn || this.signal.aborted) return;
    this.root.setAttribute("aria-busy", "false");
    this.line.say("");
    if (answer.error) {
      this.line.fail(answer.error);
      if (this.clip) this.report.showChoices(this.clip);
      return;
    }
    const name = file.name || "pasted clip";
    ownClips.keep(answer.row ? `${name}: ${answer.row}` : name, answer.given, this.model.name);
    if (add && this.clip) {
      this.learn.choose(answer.given);
      this.line.say(`${name} is among the clips to learn from.`);
      return;
    }
    await this.show({ ...answer, name, file, choices });
  }

  async show(clip) {
    const { part, root } = this;
    const first = this.clip?.file !== clip.file;
    this.clip = clip;
    root.hidden = false;
    const [given, sheet] = await this.report.show(clip);
    if (this.clip !== clip) return;
    part.heading.textContent = "Your clip";
    part.name.textContent = clip.name;
    part.copy.hidden = true;
    this.showBetter(clip);
    this.learn.offer(clip);
    if (first) part.teach.open = !clip.fit?.known; // what is known needs no learning
    this.open({ codes: clip.clips[0], sheet, row: 0, given, palette: clip.palette });
    if (first) root.scrollIntoView({ block: "nearest" });
  }

  showBetter({ better = [], file }) {
    const { part } = this;
    part.better.hidden = !better.length;
    part.better.replaceChildren(
      ...better.map(({ name, title }) => {
        const text = `Open in ${title}, which draws it better`;
        const button = make("button", "rw-button", { type: "button" }, text);
        button.addEventListener("click", () => {
          ownClips.wanted = { file, choices: {} };
          pushModel(name);
          session.choose(name);
        });
        return button;
      }),
    );
  }

  // What is said of a copy: `learned` is missing for one that another visit or an earlier load
  // of the page learned.
  showLearned(learned) {
    const { part, root, model, report } = this;
    const { clips } = model.learned;
    root.hidden = false;
    part.heading.textContent = "Your character";
    part.name.textContent = `learned from ${clips} ${clips === 1 ? "clip" : "clips"}`;
    part.copy.hidden = false;
    part.teach.hidden = !learned;
    report.showSentence("The character is open.");
    if (!learned) return;
    const { before, after, picture, strips, clip } = learned;
    report.showFit(after);
    if (before && after) part.fit.textContent = learnedWords(before, after);
    part.triple.hidden = false;
    report.triple.show(strips[0], picture);
    this.clip = { ...clip, redrawn: picture };
    this.learn.offer(this.clip);
    strips.forEach((strip) => {
      this.learn.choose(strip);
    });
    part.teach.firstElementChild.textContent = "Learn it again, from more clips";
  }

  async save() {
    const answer = await ask(() => this.server.save_learned(), LONG_DEADLINE);
    if (answer.error) {
      this.own.fail(answer.error);
      return;
    }
    make("a", "", { href: answer.data, download: answer.name }).click();
    this.own.say(`${answer.name} is saved. ${answer.note}`);
  }

  async openSaved(file) {
    this.line.say("Opening the character.");
    const answer = await ask(() => this.server.open_learned(upload(file)), LONG_DEADLINE);
    if (this.signal.aborted) return;
    this.line.say("");
    if (answer.error) this.line.fail(answer.error);
    else {
      pushModel(answer.name);
      await session.choose(answer.name);
    }
  }
}

const times = ({ ratio }) => ratio.toFixed(ratio < 10 ? 1 : 0);

function learnedWords(before, after) {
  const now = after.known
    ? "as well as clips that the model knows"
    : `${times(after)} times worse`;
  return (
    `Before, the error was ${times(before)} times that of clips that the model knows; the copy ` +
    `draws it ${after.known ? now : `at ${times(after)} times`}.`
  );
}
