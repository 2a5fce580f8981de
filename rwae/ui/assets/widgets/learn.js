// Learn this character: the clips to learn from, progress with a live picture, cancel.

import { encodeRequest } from "../lib/choices.js";
import { originalOf, ownClips } from "../lib/clipfile.js";
import { candidates, clipsHint, draftsWords, learn, progressWords } from "../lib/learning.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { session } from "../lib/session.js";
import { pushModel, replaceModel } from "./address.js";
import { make, parts } from "./dom.js";
import { Sheet } from "./player.js";

const LEARN = `
  <div data-part="offer">
    <p class="rw-learn-why" data-part="why"></p>
    <div class="rw-learn-clips" data-part="clips" role="group"
      aria-label="Clips to learn from"></div>
    <label class="rw-learn-clip rw-learn-drafts" data-part="lacking" hidden><input type="checkbox"
      data-part="drafted" checked><span data-part="drafts"></span></label>
    <p class="rw-hint" data-part="hint"></p>
    <div class="rw-row">
      <button type="button" class="rw-button rw-primary" data-part="start">Learn this
        character</button>
      <button type="button" class="rw-button" data-part="add">Add a clip</button>
    </div>
  </div>
  <div class="rw-learning" data-part="running" hidden>
    <progress data-part="bar" max="1" value="0" aria-label="Learning"></progress>
    <span class="rw-number" role="status" data-part="words"></span>
    <button type="button" class="rw-button" data-part="cancel">Cancel</button>
  </div>`;

const WHY =
  "The model can learn this character in some seconds. Nobody else sees the copy unless you share " +
  "its address. It is forgotten half an hour after its last use.";

export class Learn {
  // server: of the page's model. triple: shows the copy while it learns. add(): picks one more
  // clip. say(text), fail(text).
  constructor(root, { model, server, signal, triple, add, say, fail }) {
    Object.assign(this, { root, model, server, signal, triple, say, fail, job: null });
    root.innerHTML = LEARN;
    this.part = parts(root);
    this.part.why.textContent = WHY;
    this.part.start.addEventListener("click", () => this.start());
    this.part.cancel.addEventListener("click", () => this.cancel());
    this.part.add.addEventListener("click", add);
  }

  // clip: {name, given, rows, row, lacking, file, choices, redrawn}, see `encode_clip`.
  offer(clip) {
    const chosen = new Set(this.chosen().map(({ strip }) => strip));
    const same = this.clip && this.clip.given === clip.given;
    this.clip = clip;
    this.list = candidates(clip, ownClips.givenTo(this.model.name));
    if (same) {
      this.list.forEach((one) => {
        one.chosen ||= chosen.has(one.strip);
      });
    }
    this.showList();
  }

  // Takes one more clip, which the visitor has just added.
  choose(strip) {
    this.list = candidates(this.clip, ownClips.givenTo(this.model.name)).map((one) => {
      const before = this.list.find((other) => other.strip === one.strip);
      return { ...one, chosen: before?.chosen ?? one.strip === strip };
    });
    this.showList();
  }

  chosen() {
    return (this.list ?? []).filter(({ chosen }) => chosen);
  }

  showList() {
    const { part, list } = this;
    part.clips.hidden = list.length < 2;
    part.clips.replaceChildren(
      ...list.map((one) => {
        const label = make("label", "rw-learn-clip", { title: one.name });
        const box = make("input", "", { type: "checkbox" });
        box.checked = one.chosen;
        box.addEventListener("change", () => {
          one.chosen = box.checked;
          this.showHint();
        });
        const picture = make("span", "rw-learn-strip rw-pixels", { "aria-hidden": "true" });
        picture.style.setProperty("--strip", `url("${one.strip}")`);
        label.append(box, picture, make("span", "", {}, one.name));
        return label;
      }),
    );
    this.showHint();
  }

  showHint() {
    const count = this.chosen().length;
    const { lacking } = this.clip;
    this.part.lacking.hidden = !lacking;
    this.part.drafts.textContent = draftsWords(lacking);
    this.part.hint.textContent = clipsHint(count);
    this.part.start.disabled = count < 1 || count > 9;
  }

  running(on) {
    this.part.offer.hidden = on;
    this.part.running.hidden = !on;
    if (on) this.show({});
  }

  show(state) {
    const { bar, words } = this.part;
    bar.value = (state.step ?? 0) / (state.steps ?? 1);
    words.textContent = progressWords(state);
    if (state.picture) this.triple.redraw(state.picture, "As the copy draws it now");
  }

  async start() {
    const chosen = this.chosen();
    // The clip that is open comes first: the live picture shows the first clip.
    chosen.sort((a, b) => (b.strip === this.clip.given) - (a.strip === this.clip.given));
    const strips = chosen.map(({ strip }) => strip);
    this.say("");
    this.stopping = false;
    this.running(true);
    this.part.cancel.focus();
    const { signal } = this;
    const drafts = await this.draft();
    if (signal.aborted) return;
    const end = await learn(this.server, strips, drafts, {
      signal,
      started: (job) => {
        this.job = job;
        if (this.stopping) this.cancel();
      },
      show: (state) => this.show(state),
    });
    this.job = null;
    if (signal.aborted) return;
    if (end.name) {
      await this.turnTo(end, strips);
      return;
    }
    this.running(false);
    this.part.start.focus();
    if (this.clip.redrawn) this.triple.redraw(this.clip.redrawn, "As the model draws it");
    if (end.cancelled) this.say("Cancelled: nothing was kept.");
    else this.fail(end.error);
  }

  // Strips of the rows that a sheet lacks, as the sheet decoder draws them: {drafts} or {error}.
  async draft() {
    const { lacking, file, choices } = this.clip;
    if (!(lacking && this.part.drafted.checked)) return { drafts: [] };
    this.part.words.textContent = "Drawing the actions that the sheet lacks.";
    const request = encodeRequest(file, choices ?? {});
    return ask(() => this.server.draft_rows(request), LONG_DEADLINE);
  }

  // A job whose name has not come yet is stopped as soon as it comes.
  cancel() {
    this.stopping = true;
    if (this.job) ask(() => this.server.learn_cancel({ job: this.job }));
    this.part.words.textContent = "Stopping.";
  }

  // The page turns to the copy.
  async turnTo({ name, before, after, picture }, strips) {
    const given = await Sheet.load(strips[0], this.model.side);
    ownClips.learned.set(name, { before, after, picture, strips, given, clip: this.clip });
    pushModel(name);
    await session.choose(name);
  }
}

// Forgets the copy that the page shows, and turns back to the original and the clip.
export async function forgetLearned(server, name) {
  const answer = await ask(() => server.forget_learned());
  const { clip } = ownClips.learned.get(name) ?? {};
  ownClips.learned.delete(name);
  if (clip?.file) ownClips.wanted = { file: clip.file, choices: clip.choices };
  session.removeCopy(name);
  replaceModel(originalOf(name));
  await session.choose(originalOf(name));
  return answer;
}
