// The Swap tab: two clips, and the ways to join the who of one with the motion of the other.

import { interpolateCodes, sizesOf } from "../lib/codes.js";
import { randomPair } from "../lib/format.js";
import { parseSwapLink, swapLink } from "../lib/link.js";
import { Pump } from "../lib/pump.js";
import { fittingFactor } from "../lib/scale.js";
import { decodeInBatches } from "../lib/server.js";
import { session } from "../lib/session.js";
import { shareAddress } from "../widgets/address.js";
import { loadExamples } from "../widgets/chooser.js";
import { messages, parts } from "../widgets/dom.js";
import { Pad } from "../widgets/pad.js";
import { Clock, decoder, transport, View } from "../widgets/player.js";
import { ClipReader } from "../widgets/reading.js";
import { Slot } from "../widgets/slot.js";
import { SwapGrid } from "../widgets/swapgrid.js";
import { SaveMenu } from "../widgets/takeaway.js";
import { startWithModel } from "./tab.js";

const MAX_FACTOR = 6; // by which frames are enlarged
const MAX_MIXED_SIDE = 192; // pixels of the clip in between, where it stands below the square
const MIN_ROOM_BESIDE = 540; // pixels of the stage from which on it stands beside the square

// value: {maxUpload}, bytes. trigger("explore") opens the Explore tab.
export function start({ element, server, trigger, value }) {
  startWithModel({ element, server }, (context) => {
    new Swap(element, { ...context, trigger, maxUpload: value.maxUpload });
  });
}

class Swap {
  constructor(element, { model, server, signal, trigger, maxUpload }) {
    Object.assign(this, { element, model, server, signal, trigger, maxUpload, slots: {} });
    const part = parts(element);
    this.part = part;
    this.fail = messages(part.message).fail;
    this.say = messages(part.message).say;
    this.clock = new Clock(part.root, model.frames);
    this.decode = decoder(server, model, signal);
    this.buildMix();
    this.buildGrid();
    transport(part.transport, this.clock);
    this.showGrid(2);
    new ResizeObserver(() => this.fit()).observe(part.plane);
    part.exchange.addEventListener("click", () => this.exchange());
    part.random.addEventListener("click", () => this.drawPair());
    part.link.addEventListener("click", () => this.copyLink());
    new SaveMenu(part.takeaway, {
      message: part.message,
      model,
      server,
      fps: () => this.clock.fps,
      palette: () => this.palette,
      grid: () => ({ clips: session.shown.get("swap"), columns: this.grid.size }),
    });
    this.fillSlots();
  }

  // The colours of the two clips together, where both have few.
  get palette() {
    const own = ["A", "B"].map((name) => this.slots[name]?.held?.clip.palette);
    if (!own.every(Boolean)) return null;
    const both = new Map(own.flat().map((colour) => [colour.join(), colour]));
    return both.size <= 256 ? [...both.values()] : null;
  }

  async copyLink() {
    if (!this.full) return;
    this.say(
      await shareAddress(this.model.name, swapLink(this.model, ...this.pair, this.grid.size)),
    );
  }

  // The two clips that the address holds, if it holds any.
  async openLinked() {
    const { model } = this;
    const sizes = sizesOf(model.clips[0]);
    const { clips, size, error } = model.linked ? parseSwapLink(location.hash, model, sizes) : {};
    if (error) this.fail(error);
    if (!clips) return;
    const answer = await this.decode(clips, true);
    if (answer.error) {
      this.fail(answer.error);
      return;
    }
    this.showGrid(size);
    ["A", "B"].forEach((name, row) => {
      const clip = { codes: clips[row], sheet: answer.sheet, row };
      this.slots[name].hold({ clip, about: "from the link", caption: "As the model draws it" });
    });
    this.changed();
  }

  get full() {
    return Boolean(this.slots.A?.held && this.slots.B?.held);
  }

  // The codes of both clips.
  get pair() {
    return [this.slots.A.held.clip.codes, this.slots.B.held.clip.codes];
  }

  // The square: whos down, motions across, both from A to B.

  buildGrid() {
    const { part, model } = this;
    this.grids = new Map(); // by their size, each made when it is first wanted
    this.gridPump = new Pump(
      ({ clips }, exact) => decodeInBatches(this.decode, clips, model, exact),
      ({ tiles }, { size }) => this.grids.get(size).show(tiles),
      (busy, error) => {
        part.stage.setAttribute("aria-busy", String(busy));
        if (error) this.fail(error);
      },
    );
    this.sizeButtons = [...this.element.querySelectorAll("[data-clips]")];
    this.sizeButtons.forEach((button) => {
      button.addEventListener("click", () => {
        this.showGrid(Number(button.dataset.clips));
        this.cross();
      });
    });
  }

  showGrid(size) {
    const { part, model } = this;
    if (!this.grids.has(size)) {
      const open = (clip) => this.openInExplore(clip);
      this.grids.set(size, new SwapGrid(size, this.clock, model.side, open));
    }
    this.grid = this.grids.get(size);
    part.plane.dataset.size = size;
    part.grid.style.setProperty("--size", size);
    part.grid.replaceChildren(...this.grid.nodes);
    this.sizeButtons.forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.clips) === size));
    });
    part.note.textContent = this.grid.note(model.encodes && Boolean(this.server.encode_clip));
    this.fit();
  }

  cross() {
    if (!this.full) return;
    const [a, b] = this.pair;
    const clips = this.grid.places.map(({ who, motion }) => interpolateCodes(a, b, who, motion));
    session.shown.set("swap", clips);
    this.gridPump.push({ size: this.grid.size, clips }, true);
  }

  // One more clip lies anywhere between the two: where the point of the pad is.

  buildMix() {
    const { part, model } = this;
    this.mixed = new View(part.mix, this.clock, model.side);
    this.mixedClip = null; // what it shows: {codes, sheet, row}
    this.mixPump = new Pump(
      (codes, exact) => this.decode([codes], exact),
      (answer, codes) => {
        this.mixedClip = { codes, sheet: answer.sheet, row: 0 };
        this.mixed.show(answer.sheet, 0);
        if (!answer.local) session.decodeTime.set(answer.ms);
      },
      (busy, error) => {
        part.mixtile.setAttribute("aria-busy", String(busy));
        if (error) this.fail(error);
      },
      { pace: this.decode.pace },
    );
    const inputs = { across: part.mixmotion, down: part.mixwho };
    this.pad = new Pad(part.pad, inputs, () => this.mix());
    part.mixtile.addEventListener("click", () => this.openInExplore(this.mixedClip));
  }

  mix() {
    if (!this.full) return;
    const codes = interpolateCodes(...this.pair, this.pad.down, this.pad.across);
    session.shown.set("mix", codes);
    this.mixPump.push(codes);
  }

  changed() {
    if (!this.full) return;
    this.say("");
    this.mix();
    this.cross();
  }

  openInExplore(clip) {
    if (!clip) return;
    session.opened.set(clip);
    this.trigger("explore");
  }

  // Fills the stage with whole pixels: the clip in between and its pad stand beside the square of
  // four where there is room, and below it otherwise.
  fit() {
    const { part, grid, model } = this;
    const style = getComputedStyle(part.plane);
    const [axis, gap, apart] = ["--axis", "--gap", "--apart"].map((name) =>
      parseFloat(style.getPropertyValue(name)),
    );
    const room = part.plane.clientWidth;
    if (!room) return;
    const beside = grid.size === 2 && room > MIN_ROOM_BESIDE;
    const taken = axis + grid.size * gap + (beside ? apart : 0);
    const tile = (room - taken) / (grid.size + beside);
    const factor = fittingFactor(tile, model.side, MAX_FACTOR);
    const below = Math.min(MAX_MIXED_SIDE, (room - gap) / 2);
    const mixedFactor = beside ? factor : fittingFactor(below, model.side, MAX_FACTOR);
    grid.views.forEach((view) => {
      view.scale(factor);
    });
    this.mixed.scale(mixedFactor);
    part.plane.toggleAttribute("data-beside", beside);
    part.pad.style.setProperty("--side", `${model.side * mixedFactor}px`);
  }

  // What goes into the slots.

  async fillSlots() {
    const { model, signal, maxUpload, clock, decode } = this;
    const { examples, error } = await loadExamples(model);
    if (signal.aborted) return;
    if (error) {
      this.fail(error);
      return;
    }
    const reader = this.server.encode_clip && new ClipReader(model, this.server, signal);
    const explored = () => session.shown.get("explore");
    const changed = () => this.changed();
    const wiring = { model, signal, maxUpload, clock, examples };
    ["A", "B"].forEach((name) => {
      const root = this.element.querySelector(`[data-slot="${name}"]`);
      const hooks = { reader, decode, explored, changed };
      this.slots[name] = new Slot(root, name, { ...wiring, ...hooks });
    });
    this.holdExamples(0, Math.min(4, model.clips.length - 1));
    this.openLinked();
  }

  holdExamples(a, b) {
    const { A, B } = this.slots;
    A.hold(A.example(a));
    B.hold(B.example(b));
    this.changed();
  }

  exchange() {
    if (!this.full) return;
    const { A, B } = this.slots;
    const [a, b] = [A.held, B.held];
    A.hold(b);
    B.hold(a);
    this.changed();
  }

  drawPair() {
    if (this.full) this.holdExamples(...randomPair(this.model.clips.length));
  }
}
