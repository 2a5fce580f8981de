// The Sheet tab: a sprite sheet of which some cells are given is completed, corrected and saved.

import { refusal } from "../lib/clipfile.js";
import { visitStorage } from "../lib/draft.js";
import { listed } from "../lib/format.js";
import { followJob } from "../lib/job.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { SheetDraft } from "../lib/sheetdraft.js";
import {
  COLUMNS,
  cellWords,
  layCell,
  packBytes,
  rowOf,
  SIDE,
  SpriteSheet,
  summary,
  title,
  unpackText,
} from "../lib/spritesheet.js";
import { CellGrid } from "../widgets/cellgrid.js";
import { make, messages, onFileChosen, parts, prefersReducedMotion } from "../widgets/dom.js";
import { listenToKeys } from "../widgets/keys.js";
import { Painter } from "../widgets/painter.js";
import { Clock, transport, View } from "../widgets/player.js";
import { drawSketch } from "../widgets/sketch.js";
import { acceptUploads } from "../widgets/upload.js";

const FACTOR = 4; // by which the player enlarges a cell
const FIRST_ROW = "walk, front"; // plays when a sheet is opened, if it has it
const TYPES = "image/png,image/webp,image/bmp";
const FOR_EVER = new AbortController().signal; // the tab is never begun anew
const TOO_OLD = "This browser is too old to open sheets here: use a newer one.";
const OPENING = "Opening the sheet.";
const NO_BODY = "Only for a garment, hair or a helmet alone. You may also drop the body here.";

// value: {rows: of the layout, see `SpriteSheet`, example: whether a model draws one, maxUpload}.
export function start({ element, server, value }) {
  new SheetTab(element, server, value);
}

// more: other files that come along.
const request = (file, values, more = {}) => ({
  binary: true,
  data: { file, ...more, request: JSON.stringify(values) },
});

class SheetTab {
  constructor(element, server, { rows, example, maxUpload }) {
    const part = parts(element);
    Object.assign(this, { part, server, rows, maxUpload, sheet: null, givenOnly: false });
    Object.assign(this, messages(part.message)); // say and fail
    Object.assign(this, {
      row: 0,
      cell: null,
      source: null, // the file that was opened
      body: null, // the sheet of the body if this one is a layer
      examples: 0,
      job: null,
      working: false,
    });
    this.draft = new SheetDraft(visitStorage(), rows);
    this.clock = new Clock(part.root, 1);
    this.view = new View(part.player, this.clock, SIDE);
    this.view.scale(FACTOR);
    transport(part.transport, this.clock);
    this.painter = new Painter(part.painter);
    this.grid = new CellGrid(part.grid, part.legend, rows, (row, cell) => this.choose(row, cell));
    this.clock.listen(() => this.grid.follow(this.frames?.[this.clock.frame]));
    part.example.hidden = !example;
    drawSketch(part.sketch, rows);
    if (!globalThis.CompressionStream) {
      part.pick.disabled = part.example.disabled = true;
      this.fail(TOO_OLD);
      return;
    }
    this.connect();
    this.draft.read().then((kept) => kept && !this.sheet && this.begin(kept));
    listenToKeys(part.root, FOR_EVER, {
      play: () => this.clock.play(!this.clock.playing),
      back: () => this.clock.seek(this.clock.frame - 1),
      on: () => this.clock.seek(this.clock.frame + 1),
    });
    // What was painted exists in this page alone.
    addEventListener("beforeunload", (event) => {
      if (this.unsaved) event.preventDefault();
    });
  }

  connect() {
    const { part } = this;
    acceptUploads({
      area: part.root,
      button: part.pick,
      signal: FOR_EVER,
      types: TYPES,
      takesPaste: () => true,
      take: (file) => this.open(file),
    });
    acceptUploads({
      area: part.bodyplace,
      button: part.pickbody,
      signal: FOR_EVER,
      types: TYPES,
      takesPaste: () => false,
      take: (file) => this.openBody(file),
    });
    for (const kind of ["dragover", "dragleave", "drop"]) {
      part.bodyplace.addEventListener(kind, (event) => event.stopPropagation());
    }
    part.dropbody.addEventListener("click", () => this.layOn(null));
    part.example.addEventListener("click", () => this.openExample());
    rowChoice(part.singlerow, this.rows);
    part.singlerow.addEventListener("change", () => this.open(this.source, part.singlerow.value));
    part.all.addEventListener("click", () => this.complete(null));
    part.one.addEventListener("click", () => this.complete(this.rows[this.row].key));
    part.next.addEventListener("click", () => this.chooseDraft());
    part.cancel.addEventListener("click", () => this.cancel());
    part.paint.addEventListener("click", () => this.paint());
    part.put.addEventListener("click", () => part.cellfile.click());
    onFileChosen(part.cellfile, (file) => file && this.putFile(file));
    part.clear.addEventListener("click", () => this.change(() => this.sheet.clear(this.cell)));
    part.back.addEventListener("click", () => this.change(() => this.sheet.takeBack(this.cell)));
    [...part.saves.children].forEach((button) => {
      button.addEventListener("click", () => this.save(button));
    });
    pressed(part.grounds, "ground", (ground) => {
      part.root.dataset.ground = ground;
    });
    pressed(part.shown, "shown", (shown) => {
      this.givenOnly = shown === "given";
      this.show();
    });
  }

  // Opening.

  // row: of a picture of one row, which one it is.
  async open(file, row = null) {
    const error = refusal(file, this.maxUpload);
    if (error) {
      this.fail(error);
      return;
    }
    const call = () => this.server.open_sheet(request(file, { row }));
    const answer = await this.busy(OPENING, call);
    if (answer) await this.take(answer, file.name || "pasted sheet", file);
  }

  async openBody(file) {
    const error = refusal(file, this.maxUpload);
    if (error) {
      this.fail(error);
      return;
    }
    const { sheet } = this;
    const answer = await this.busy("Opening the body.", () =>
      this.server.open_sheet(request(file, {})),
    );
    if (!answer || sheet !== this.sheet) return;
    const pixels = await unpackText(answer.pixels);
    this.layOn(new SpriteSheet(this.rows, pixels), file.name);
  }

  // A body, or null, is chosen: what was drawn without it is forgotten.
  layOn(body, name = NO_BODY) {
    this.showBody(body, name);
    this.sheet.restart();
    this.show();
  }

  showBody(body, name) {
    const { part } = this;
    Object.assign(this, { body, bodyName: name });
    part.bodyname.textContent = name;
    part.dropbody.hidden = !body;
  }

  async openExample() {
    const number = this.examples;
    const call = () => this.server.example_sheet({ number });
    const answer = await this.busy("The model draws a sheet.", call);
    this.examples += 1;
    if (answer) await this.take(answer, "A sheet that the model drew", null);
  }

  async take({ pixels, below, row }, name, source) {
    const sheet = new SpriteSheet(this.rows, await unpackText(pixels));
    const words = { name, below, example: !source, bodyName: NO_BODY };
    this.begin({ sheet, body: null, words }, source, row);
  }

  // source: the file that was opened, if it is at hand. row: which one it is if it has one row.
  begin({ sheet, body, words }, source = null, row = null) {
    const { part, rows } = this;
    const { name, below, example, bodyName } = words;
    this.cancel();
    Object.assign(this, { sheet, name, below, example, source, cell: null });
    this.unsaved = sheet.corrected.size > 0;
    this.showBody(body, bodyName);
    part.work.hidden = part.bodyplace.hidden = false;
    part.hint.hidden = part.sketch.hidden = true;
    part.file.textContent = name;
    part.single.hidden = !row;
    if (row) part.singlerow.value = row;
    const kept = below.length === 1 ? "is kept as it is" : "are kept as they are";
    part.below.textContent = below.length ? `Below these rows, ${listed(below)} ${kept}.` : "";
    const first = rows.findIndex(({ key }, n) => key === FIRST_ROW && sheet.frames(n).length);
    const filled = rows.findIndex((_, n) => sheet.frames(n).length);
    this.choose(first < 0 ? filled : first, null);
    this.show();
  }

  // The answer of a call, or null after what went wrong was told; the sheet stays as it is.
  async busy(words, call) {
    this.part.root.setAttribute("aria-busy", "true");
    this.say(words);
    const answer = await ask(call, LONG_DEADLINE);
    this.part.root.setAttribute("aria-busy", "false");
    if (answer.error) this.fail(answer.error);
    else this.say("");
    return answer.error ? null : answer;
  }

  // Showing.

  // A row plays; a cell stands still in the player.
  choose(row, cell) {
    Object.assign(this, { row, cell });
    this.grid.mark(row, cell);
    this.showRow();
    this.showCell();
    if (cell === null) this.clock.play(!prefersReducedMotion());
    else this.clock.seek(Math.max(0, this.frames.indexOf(cell)));
  }

  // The first draft after the chosen cell, or the first of all.
  chooseDraft() {
    const { sheet, cell } = this;
    const drafts = sheet.numbers().filter((number) => sheet.status(number) === "draft");
    const number = drafts.find((draft) => draft > (cell ?? -1)) ?? drafts[0];
    this.choose(rowOf(number), number);
    this.grid.scrollTo(number);
  }

  show() {
    const { part, sheet } = this;
    const { body, name, below, example, bodyName } = this;
    this.draft.keep({ sheet, body, words: { name, below, example, bodyName } });
    this.grid.show(sheet, this.givenOnly);
    part.summary.textContent = summary(sheet);
    part.next.hidden = !sheet.counts().draft;
    part.all.textContent = sheet.outdated ? "Complete again" : "Complete all";
    part.all.disabled = !sheet.canComplete() && !sheet.outdated;
    this.showRow();
    this.showCell();
  }

  showRow() {
    const { part, sheet, row } = this;
    this.frames = sheet.frames(row, this.givenOnly, this.cell);
    const cells = this.frames.map((number) => this.dressed(number));
    this.view.show({ draw: (context, _, frame) => drawCell(context, cells[frame]) }, 0);
    this.clock.resize(Math.max(1, cells.length));
    part.rowname.textContent = title(this.rows[row].key);
    part.rowwords.textContent = rowWords(sheet.counts(row));
    part.one.disabled = !sheet.canComplete(row);
  }

  // The pixels of a cell, on those of the body if there is one.
  dressed(number) {
    const cell = this.sheet.cell(number, this.givenOnly);
    return this.body ? layCell(cell, this.body.cell(number)) : cell;
  }

  showCell() {
    const { part, sheet, cell } = this;
    part.tools.toggleAttribute("data-chosen", cell !== null);
    part.celltools.hidden = cell === null;
    part.cellname.textContent = "No cell chosen";
    part.cellwords.textContent = "Choose one to look at it or to correct it.";
    if (cell === null) return;
    const status = sheet.status(cell);
    part.cellname.textContent = this.cellName();
    part.cellwords.textContent = cellWords(sheet, cell);
    part.paint.disabled = part.put.disabled = part.back.disabled = this.working;
    part.clear.disabled = this.working || status === "missing";
    part.back.hidden = !sheet.corrected.has(cell);
  }

  cellName() {
    return `${title(this.rows[this.row].key)}, cell ${(this.cell % COLUMNS) + 1}`;
  }

  // Completing.

  async complete(key) {
    const { part, sheet, body } = this;
    const rows = sheet.rowsWith(key);
    const content = new File([await packBytes(sheet.given)], "sheet");
    const more = body ? { body: new File([await packBytes(body.given)], "body") } : {};
    this.running(true);
    part.cancel.focus();
    this.stopping = false;
    const end = await followJob({
      begin: () => this.server.complete_start(request(content, { rows }, more)),
      tell: (job) => this.server.complete_state({ job }),
      started: (job) => {
        this.job = job;
        if (this.stopping) this.cancel();
      },
      show: (state) => this.showProgress(state),
    });
    this.job = null;
    this.running(false);
    if (sheet !== this.sheet) return; // another one was opened
    if (end.cancelled) this.say("Cancelled: the sheet is as it was.");
    else if (end.error) this.fail(end.error);
    else {
      const [pixels, confidence] = await Promise.all([end.pixels, end.confidence].map(unpackText));
      sheet.take({ pixels, confidence, report: end.report }, rows);
      this.say("");
      this.show();
    }
    part.all.focus();
  }

  running(on) {
    this.part.offer.hidden = on;
    this.part.running.hidden = !on;
    this.working = on; // meanwhile no cell is changed
    this.part.pickbody.disabled = this.part.dropbody.disabled = on;
    this.showCell();
    if (on) this.showProgress({});
  }

  showProgress({ part = 0, queued = 0 }) {
    this.part.bar.value = part;
    this.part.words.textContent = queued ? "Waiting" : `${Math.round(100 * part)} %`;
  }

  // A job whose name has not come yet is stopped as soon as it comes.
  cancel() {
    this.stopping = true;
    if (this.job) ask(() => this.server.complete_cancel({ job: this.job }));
    this.part.words.textContent = "Stopping";
  }

  // Correcting.

  change(how) {
    how();
    this.unsaved = this.sheet.corrected.size > 0;
    this.say("");
    this.show();
  }

  paint() {
    const { sheet, cell, row } = this;
    const order = sheet.numbersOf(row);
    const at = order.indexOf(cell);
    const pixels = (number) =>
      number !== undefined && sheet.status(number) !== "missing" ? sheet.cell(number) : null;
    this.painter.open({
      name: `${this.rows[row].key}, cell ${(cell % COLUMNS) + 1}`,
      pixels: sheet.cell(cell),
      before: pixels(order[at - 1]),
      after: pixels(order[at + 1]),
      palette: sheet.palette(),
      unsure: sheet.unsure(cell),
      use: (painted) => this.change(() => sheet.correct(cell, painted)),
    });
  }

  async putFile(file) {
    const { sheet, cell } = this;
    const call = () => this.server.open_cell(request(file, {}));
    const answer = await this.busy("Opening the picture.", call);
    if (!answer) return;
    const pixels = new Uint8ClampedArray(await unpackText(answer.pixels));
    this.change(() => sheet.correct(cell, pixels));
  }

  // Saving: what is shown.

  async save(button) {
    const { sheet, givenOnly } = this;
    const content = new File([await packBytes(givenOnly ? sheet.given : sheet.whole)], "sheet");
    const values = {
      kind: button.dataset.kind,
      fps: this.clock.fps,
      drawn: givenOnly ? [] : [...sheet.drawn.keys()],
      example: this.example,
    };
    button.setAttribute("aria-busy", "true");
    const call = () => this.server.save_sheet(request(content, values));
    const answer = await this.busy("Saving.", call);
    button.removeAttribute("aria-busy");
    if (!answer) return;
    const name = `${this.example ? "model" : this.name.replace(/\.\w+$/, "")}-${answer.name}`;
    make("a", "", { href: answer.data, download: name }).click();
    this.unsaved = false;
    this.say(`${name} is saved.`);
  }
}

// Buttons of which one is pressed; use(value) gets its data-`name`.
function pressed(root, name, use) {
  const buttons = [...root.children];
  buttons.forEach((button) => {
    button.addEventListener("click", () => {
      buttons.forEach((other) => {
        other.setAttribute("aria-pressed", String(other === button));
      });
      use(button.dataset[name]);
    });
  });
}

function rowChoice(select, rows) {
  select.replaceChildren(...rows.map(({ key }) => new Option(key, key)));
}

function rowWords({ given, corrected, drawn, draft, missing }) {
  const parts = [
    [given + corrected, "given"],
    [drawn, "drawn"],
    [draft, draft === 1 ? "draft" : "drafts"],
    [missing, "missing"],
  ];
  return listed(parts.filter(([count]) => count).map((pair) => pair.join(" ")));
}

function drawCell(context, pixels) {
  if (pixels) context.putImageData(new ImageData(pixels, SIDE, SIDE), 0, 0);
  else context.clearRect(0, 0, SIDE, SIDE);
}
