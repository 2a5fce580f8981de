// One of the models side by side: its codes for what it was given, its pictures and its readout.

const PEER = `
  <h3 data-part="title"></h3>
  <div class="rw-peer-tiles" data-part="tiles"></div>
  <div class="rw-peer-said">
    <p class="rw-verdict" role="status" data-part="verdict"></p>
    <ul class="rw-readout" data-part="readout"></ul>
    <p class="rw-peer-note" data-part="note"></p>
    <dl class="rw-headlines" data-part="headlines"></dl>
  </div>`;
const KEPT = 60; // clips whose codes are remembered

class Peer {
  // about: what the page knows of the model; server: functions that ask this model alone;
  // open(clip): one of its clips was chosen.
  constructor(about, server, clock, side, open) {
    Object.assign(this, about, { server, clock, side, open });
    Object.assign(this, { memory: new Map(), clips: [], views: [] });
    this.decoded = decoder(server, side);
    this.root = make("article", "rw-peer", { "aria-label": this.title });
    this.root.innerHTML = PEER;
    this.root.peer = this; // for scripts and tests
    this.part = parts(this.root);
    this.part.title.textContent = this.title;
    this.scores.forEach(({ title, share }) => {
      const [name, number] = [make("dt", ""), make("dd", "rw-number")];
      name.textContent = title;
      number.textContent = `${(100 * share).toFixed(1)} %`;
      this.part.headlines.append(name, number);
    });
    this.arrange(1);
  }

  // What was given, as the model's own codes: {clips} or {error}.
  codesOf(given) {
    const { memory } = this;
    if (!memory.has(given.key)) {
      const found = this.find(given);
      memory.set(given.key, found);
      found.then(({ error }) => error && memory.delete(given.key));
      if (memory.size > KEPT) memory.delete(memory.keys().next().value);
    }
    return memory.get(given.key);
  }

  // Whether it starts from the clip itself; a model without an encoder draws one in its place.
  reads({ codes, file, from }) {
    return Boolean((codes || file) && (this.encodes || from === this.name));
  }

  find(given) {
    const { codes, file, from, seed, clips = 1, heat = 1 } = given;
    if (!this.reads(given)) {
      const asked = { seed, clips, frames: this.frames, temperature: heat };
      return ask(() => this.server.sample_codes(asked));
    }
    if (file) return ask(() => this.server.encode_clip({ binary: true, data: { file } }));
    // What a model without an encoder drew itself, it knows already.
    if (!this.encodes) return Promise.resolve({ clips: [codes] });
    return ask(() => this.server.carry_codes({ from, clips: [codes] }));
  }

  judge(clips) {
    return ask(() => this.server.judge_codes({ clips }));
  }

  // Fetches the directions of who. They take the server a second or two, once for each model.
  async findLooks() {
    this.looks ??= ask(() => this.server.find_directions());
    const { who, error } = await this.looks;
    if (error) this.looks = null;
    else this.write = who.write;
    return error;
  }

  // A static code, moved along the model's own first directions.
  looking(code, amounts) {
    const step = (d) => amounts.reduce((sum, a, k) => sum + a * (this.write?.[k]?.[d] ?? 0), 0);
    return amounts.some(Boolean) ? code.map((z, d) => clampTo(z + step(d), CODE_LIMIT)) : code;
  }

  // What the model shows.

  arrange(count) {
    if (this.views.length === count) return;
    this.part.tiles.replaceChildren();
    this.part.tiles.style.setProperty("--columns", count > 1 ? 2 : 1);
    this.captions = [];
    this.views = Array.from({ length: count }, (_, row) => {
      const which = count > 1 ? `, motion ${row + 1}` : "";
      const [figure, caption] = [make("figure", "rw-peer-tile"), make("figcaption", "")];
      const tile = make("button", "rw-tile", {
        type: "button", "aria-label": `Open in Explore: ${this.title}${which}`,
      });
      const canvas = make("canvas", "rw-pixels");
      tile.append(canvas);
      tile.addEventListener("click", () => this.choose(row));
      figure.append(tile, caption);
      this.captions.push(caption);
      this.part.tiles.append(figure);
      return new View(canvas, this.clock, this.side);
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
    this.views.forEach((view) => view.scale(wholeFactor(room, this.side, 5)));
  }

  show(sheet, clips) {
    this.clips = clips;
    this.arrange(clips.length);
    this.views.forEach((view, row) => view.show(sheet, row));
  }

  // What the judge says: {rows, answers} as from `verdicts` and the judge, or {error}.
  read({ rows = [], answers = [], error }) {
    const { verdict, readout } = this.part;
    if (error) this.note(error);
    verdict.textContent = rows.length ? summary(rows) : "";
    verdict.dataset.state = worst(rows);
    readout.replaceChildren(...rows.map((row) => readoutLine(row)));
    this.captions.forEach((caption, n) => {
      const how = answers.length > 1 ? answers[n]?.find((answer) => !answer.static) : null;
      caption.textContent = how ? (how.confidence < SURE ? "unclear" : how.value) : "";
    });
  }

  note(text) {
    this.part.note.textContent = text;
  }

  // Which draws stand in for clips that the model cannot read.
  standsFor({ who, how }) {
    const drawn = [who, how].filter((what) => (what.codes || what.file) && !this.reads(what));
    if (!drawn.length) return "";
    return "It has no encoder and cannot read the clip" + (who === how || drawn.length < 2
      ? ": a draw stands in its place." : "s: draws stand in their place.");
  }
}

function readoutLine({ factor, state, words, sure }) {
  const line = make("li", "", { "data-state": state });
  const texts = [["b", factor], ["span", words], ["small", `${Math.floor(100 * sure)} %`]];
  texts.forEach(([tag, text]) => {
    const node = make(tag, tag === "small" ? "rw-number" : "");
    node.textContent = text;
    line.append(node);
  });
  line.lastChild.title = "How sure the judge is";
  return line;
}
