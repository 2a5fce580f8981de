// A place for a clip: an example, a file of one's own, the camera, or the clip of Explore.

import { ownClips, refusal } from "../lib/clipfile.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { exampleChooser } from "./chooser.js";
import { messages, parts } from "./dom.js";
import { Report } from "./fitreport.js";
import { Filmstrip, Sheet } from "./player.js";
import { acceptUploads } from "./upload.js";
import { Webcam } from "./webcam.js";

const SLOT = `
  <header class="rw-head"><h2></h2><p data-part="about"></p>
    <div class="rw-sources">
      <button type="button" class="rw-button" data-part="pick">Upload</button>
      <button type="button" class="rw-button" data-part="film">Camera</button>
      <button type="button" class="rw-button" data-part="explored">From Explore</button>
    </div>
  </header>
  <p class="rw-hint" data-part="why" hidden>This model has no encoder: it draws clips and cannot
    read one of yours.</p>
  <div class="rw-chooser" data-part="chooser" role="group"></div>
  <div class="rw-camera" data-part="camera" hidden></div>
  <p class="rw-message" role="status" data-part="message"></p>
  <h3 class="rw-label" data-part="caption"></h3>
  <div class="rw-filmstrip rw-given" data-part="given"></div>
  <p class="rw-hint rw-rule" data-part="rule"></p>
  <div class="rw-report" data-part="report" hidden></div>`;

const DRAWN = "Its frames, as the model draws them";
const GIVEN = "The very frames that the model was given";

export class Slot {
  // name: "A" or "B". examples: of the model. reader: a `ClipReader`, without
  // which it takes no files. decode(clips, exact) has clips decoded. explored(): the codes in Explore, if it shows a clip. changed(): another clip is held.
  constructor(root, name, { model, signal, maxUpload, clock, examples, ...hooks }) {
    const { reader, decode, explored, changed } = hooks;
    Object.assign(this, { root, model, maxUpload, examples, reader, decode, explored, changed });
    Object.assign(this, { held: null, turn: 0, first: name === "A" });
    root.innerHTML = SLOT;
    const part = parts(root);
    this.part = part;
    Object.assign(this, messages(part.message)); // say and fail
    root.querySelector("h2").textContent = `Clip ${name}`;
    part.chooser.setAttribute("aria-label", `Examples for clip ${name}`);
    part.pick.setAttribute("aria-label", `Upload clip ${name}`);
    part.film.setAttribute("aria-label", `Film clip ${name} with the camera`);
    part.explored.setAttribute("aria-label", `Use the clip from Explore as clip ${name}`);
    this.strip = new Filmstrip(part.given, clock, model.side);
    this.report = new Report(part.report, clock, model.side, (choices) => this.reread(choices));
    this.mark = exampleChooser(part.chooser, examples, clock, model.side, ({ row }) =>
      this.take(this.example(row)),
    );
    part.explored.addEventListener("click", () => this.takeExplored());
    part.pick.hidden = part.film.hidden = !reader;
    part.pick.disabled = part.film.disabled = !model.encodes;
    part.why.hidden = model.encodes;
    if (!model.encodes || !reader) return;
    reader.tell(part.pick);
    this.acceptFiles(signal);
    this.acceptCamera(signal);
  }

  // Shows what a slot holds: {clip: {codes, sheet, row}, about, caption, rule, example}, and of a
  // visitor's clip {file, read: what the server says of it}. Whatever was asked for before is out of
  // date: an upload still on its way is dropped.
  hold(held) {
    this.turn += 1;
    this.held = held;
    this.camera?.close();
    this.say("");
    ["about", "caption", "rule"].forEach((text) => {
      this.part[text].textContent = held[text] ?? "";
    });
    this.part.report.hidden = !held.read;
    if (held.read) this.report.show(held.read);
    this.strip.show(held.clip.sheet, held.clip.row, this.model.frames);
    this.mark(held.example ?? -1);
  }

  take(held) {
    this.hold(held);
    this.changed();
  }

  example(n) {
    return { clip: this.examples[n], about: `example ${n + 1}`, caption: DRAWN, example: n };
  }

  // Holds what `work` resolves to, unless another choice or an error comes first.
  async receive(words, work) {
    const turn = ++this.turn;
    this.say("");
    this.part.about.textContent = words;
    const held = await work();
    if (turn !== this.turn) return;
    this.part.about.textContent = this.held.about;
    if (held.error) {
      this.fail(held.error);
      if (this.held.read) this.report.showChoices(this.held.read);
    } else this.take(held);
  }

  async encoded(file, about, { rule, kept = false, choices = {} } = {}) {
    const answer = await ask(() => this.reader.read(file, choices, kept), LONG_DEADLINE);
    if (answer.error) return answer;
    ownClips.keep(about, answer.given, this.model.name);
    const sheet = await Sheet.load(answer.given, this.model.side);
    const clip = { codes: answer.clips[0], sheet, row: 0 };
    const own = { read: { ...answer, choices }, file, filmed: rule };
    return { clip, about, caption: GIVEN, rule: rule ?? answer.rule, ...own };
  }

  // The file of the clip is read again, by other choices.
  reread(choices) {
    const { file, about, filmed } = this.held;
    const read = () => this.encoded(file, about, { rule: filmed, choices });
    this.receive("reading the file", read);
  }

  upload(file) {
    const bad = refusal(file, this.maxUpload);
    if (bad) this.fail(bad);
    else this.receive("reading the file", () => this.encoded(file, file.name));
  }

  // The clip of Explore as it is now, with all that was changed in it.
  takeExplored() {
    const { codes, frames, error } = fitToModel(this.explored(), this.model);
    if (error) {
      this.fail(error);
      return;
    }
    const most = this.model.frames;
    const rule = frames > most ? `The first ${most} of its ${frames} frames.` : "";
    this.receive("fetching the clip", async () => {
      const answer = await ask(() => this.decode([codes], true));
      if (answer.error) return answer;
      const clip = { codes, sheet: answer.sheet, row: 0 };
      return { clip, about: "Explore", caption: DRAWN, rule };
    });
  }

  acceptCamera(signal) {
    const { part, model } = this;
    this.camera = new Webcam(part.camera, model, signal, {
      say: this.say,
      fail: this.fail,
      shown: (open) => {
        part.chooser.hidden = open;
        part.film.setAttribute("aria-pressed", String(open));
      },
      keeps: () => this.reader.keeps(),
      taken: (file, rule, kept) =>
        this.receive("reading the frames", () => this.encoded(file, "camera", { rule, kept })),
    });
    part.film.addEventListener("click", () => this.camera.toggle());
  }

  // By the button, dropped anywhere on the slot, or pasted: into the slot that is pointed at or has
  // the focus, and else into the first.
  acceptFiles(signal) {
    const { root, part } = this;
    acceptUploads({
      ...{ area: root, button: part.pick, signal },
      takesPaste: () => root.matches(":hover, :focus-within") || this.first,
      take: (file) => this.upload(file),
    });
  }
}

// Codes cut to the length of a model's clips, and how many frames they had; or {error}.
function fitToModel(codes, { frames, clips: [example] }) {
  const fits =
    codes?.static.length === example.static.length &&
    codes.dynamic[0].length === example.dynamic[0].length;
  if (!fits) return { error: "Explore holds no clip of this model yet: try again in a moment." };
  const count = codes.dynamic.length;
  if (count < frames) {
    const error =
      `The clip in Explore has ${count} frames, a swap needs ${frames}: make it longer there ` +
      "first.";
    return { error };
  }
  const cut = { static: [...codes.static], dynamic: codes.dynamic.slice(0, frames) };
  return { codes: cut, frames: count };
}
