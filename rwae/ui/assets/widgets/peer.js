// One of the models side by side in Compare: its codes for what it was given, its pictures, and
// what the judge says of them.

import { encodeRequest } from "../lib/choices.js";
import { shiftCode } from "../lib/directions.js";
import { wholeFactor } from "../lib/scale.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { MIN_CONFIDENCE, summary, worstState } from "../lib/verdict.js";
import { clipTile } from "./chooser.js";
import { make, parts } from "./dom.js";
import { decoder } from "./player.js";

const PEER = `
  <h3 data-part="title"></h3>
  <div class="rw-peer-tiles" data-part="tiles"></div>
  <div class="rw-peer-said">
    <p class="rw-verdict" role="status" data-part="verdict"></p>
    <ul class="rw-readout" data-part="readout"></ul>
    <p class="rw-peer-note" data-part="note"></p>
    <dl class="rw-headlines" data-part="headlines"></dl>
  </div>`;
const NO_VERDICT = "The model does not know this clip: no verdict.";
const MAX_REMEMBERED = 60; // clips whose codes are remembered
const MAX_FACTOR = 5; // by which frames are enlarged

export class Peer {
  // about: what the page knows of the model; server: functions that ask this model alone;
  // open(clip): one of its clips was chosen.
  constructor(about, server, clock, side, open) {
    const { name, title, frames, encodes, judged, scores } = about;
    Object.assign(this, { name, title, frames, encodes, judged, server, clock, side, open });
    Object.assign(this, { memory: new Map(), clips: [], views: [] });
    this.decode = decoder(server, { name, side });
    this.root = make("article", "rw-peer", { "aria-label": title });
    this.root.innerHTML = PEER;
    this.part = parts(this.root);
    this.part.title.textContent = title;
    scores.forEach((score) => {
      const number = make("dd", "rw-number", {}, `${(100 * score.share).toFixed(1)} %`);
      this.part.headlines.append(make("dt", "", {}, score.title), number);
    });
    this.arrange(1);
  }

  // What was given, as the model's own codes: {clips} or {error}.
  codesOf(source) {
    const { memory } = this;
    if (!memory.has(source.key)) {
      const found = this.find(source);
      memory.set(source.key, found);
      found.then(({ error }) => error && memory.delete(source.key));
      if (memory.size > MAX_REMEMBERED) memory.delete(memory.keys().next().value);
    }
    return memory.get(source.key);
  }

  // Whether it starts from the clip itself; a model without an encoder draws one in its place.
  reads({ codes, file, from }) {
    return Boolean((codes || file) && (this.encodes || from === this.name));
  }

  find(source) {
    const { codes, file, choices, from, seed, clips = 1, temperature = 1 } = source;
    if (!this.reads(source)) {
      const request = { seed, clips, frames: this.frames, temperature };
      return ask(() => this.server.sample_codes(request));
    }
    if (file) {
      return ask(() => this.server.encode_clip(encodeRequest(file, choices)), LONG_DEADLINE);
    }
    // What a model without an encoder drew itself, it knows already.
    if (!this.encodes) return Promise.resolve({ clips: [codes] });
    return ask(() => this.server.carry_codes({ from, clips: [codes] }));
  }

  // What the judge says of the frames that the model was given: {clips} with one clip.
  judgeGiven(strip) {
    return ask(() => this.server.judge_given({ strips: [strip] }));
  }

  judge(clips) {
    return ask(() => this.server.judge_codes({ clips }));
  }

  // Fetches the directions of who, which take the server a second or two, once for each model.
  // Resolves to an error, if there is one.
  async findDirections() {
    this.directions ??= ask(() => this.server.find_directions(), LONG_DEADLINE);
    const { who, error } = await this.directions;
    if (error) this.directions = null;
    else this.write = who.write;
    return error;
  }

  // A static code, moved along the model's own first directions.
  shifted(code, shifts) {
    return shiftCode(code, this.write, shifts);
  }

  // What the model shows.

  arrange(count) {
    if (this.views.length === count) return;
    this.part.tiles.replaceChildren();
    this.part.tiles.style.setProperty("--columns", count > 1 ? 2 : 1);
    this.captions = [];
    this.views = Array.from({ length: count }, (_, row) => {
      const which = count > 1 ? `, motion ${row + 1}` : "";
      const label = `Open in Explore: ${this.title}${which}`;
      const { tile, view } = clipTile(label, this.clock, this.side, () => this.choose(row));
      const [figure, caption] = [make("figure", "rw-peer-tile"), make("figcaption", "")];
      figure.append(tile, caption);
      this.captions.push(caption);
      this.part.tiles.append(figure);
      return view;
    });
    this.fit();
  }

  choose(row) {
    if (this.clips[row]) this.open({ codes: this.clips[row], sheet: this.views[row].sheet, row });
  }

  // The largest factor at which the tiles fit side by side.
  fit() {
    const columns = this.views.length > 1 ? 2 : 1;
    const gap = parseFloat(getComputedStyle(this.part.tiles).columnGap) || 0;
    const room = (this.part.tiles.clientWidth - gap * (columns - 1)) / columns;
    this.views.forEach((view) => {
      view.scale(wholeFactor(room, this.side, MAX_FACTOR));
    });
  }

  show(sheet, clips) {
    this.clips = clips;
    this.arrange(clips.length);
    this.views.forEach((view, row) => {
      view.show(sheet, row);
    });
  }

  // What the judge says: {rows, answers}, see `verdictRows`; {unknown: the fit} of a clip of which
  // no verdict can be given; or {error}.
  showVerdict({ rows = [], answers = [], unknown, error }) {
    const { verdict, readout } = this.part;
    if (error) this.note(error);
    if (unknown) this.note(unknown.sentence);
    verdict.textContent = unknown ? NO_VERDICT : rows.length ? summary(rows) : "";
    verdict.dataset.state = unknown ? "unclear" : worstState(rows);
    readout.replaceChildren(...rows.map((row) => readoutLine(row)));
    this.captions.forEach((caption, n) => {
      const how = answers.length > 1 ? answers[n]?.find((answer) => !answer.static) : null;
      caption.textContent = how ? (how.confidence < MIN_CONFIDENCE ? "unclear" : how.value) : "";
    });
  }

  note(text) {
    this.part.note.textContent = text;
  }

  // Says for which clips, that the model cannot read, it shows draws.
  substitutes({ who, how }) {
    const drawn = [who, how].filter(
      (source) => (source.codes || source.file) && !this.reads(source),
    );
    if (!drawn.length) return "";
    return who === how || drawn.length < 2
      ? "It has no encoder and cannot read the clip: a draw stands in its place."
      : "It has no encoder and cannot read the clips: draws stand in their place.";
  }
}

function readoutLine({ factor, state, words, confidence }) {
  const line = make("li", "", { "data-state": state });
  line.append(make("b", "", {}, factor), make("span", "", {}, words));
  const title = "How sure the judge is";
  line.append(make("small", "rw-number", { title }, `${Math.floor(100 * confidence)} %`));
  return line;
}
