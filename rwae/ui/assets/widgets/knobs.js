// Sliders on the coordinates of the static code. Beside each one a strip of stills shows where it
// leads, before it is touched; a click on a still goes there, and so do the keys 1 to 5.

import { clamp } from "../lib/codes.js";
import { directionName, directionScores, directionValue } from "../lib/directions.js";
import { percent, signed } from "../lib/format.js";
import { fillTrack, make } from "./dom.js";
import { paintStills } from "./player.js";

const REACH = 3; // standard deviations at either end of a slider
const FOLD = 4; // sliders that are shown at first
const STEPS = [-3, -1.5, 0, 1.5, 3]; // of the stills

export class Knobs {
  // changed(axis, value, done): a slider moved; `done` when it was let go.
  // restored(axis): it should go back to the original.
  // With `side`, the size of a frame, each slider has its stills.
  constructor(root, basis, { changed, restored }, side = 0) {
    Object.assign(this, { root, basis, changed, restored, side });
    root.replaceChildren();
    this.rows = Array.from({ length: basis.size }, (_, axis) => this.row(axis));
    if (root.querySelector("[data-folded]")) this.addUnfold();
  }

  // Few sliders at first, so that how it moves is in sight as well.
  addUnfold() {
    const folded = [...this.root.querySelectorAll("[data-folded]")];
    const label = `${folded.length} more`;
    const button = make("button", "rw-button rw-unfold", {
      type: "button",
      "aria-expanded": "false",
    });
    button.textContent = label;
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "false";
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open ? "Fewer" : label;
      folded.forEach((row) => {
        row.toggleAttribute("data-folded", !open);
      });
    });
    this.root.append(button);
  }

  get hasStills() {
    return this.side > 0;
  }

  row(axis) {
    const idle = this.basis.idle?.[axis];
    const row = make("div", `rw-knob${idle ? " rw-idle" : ""}`);
    const input = make("input", "rw-range rw-centred", {
      type: "range",
      min: -REACH,
      max: REACH,
      step: 0.01,
      "aria-label": this.describe(axis, idle),
    });
    const number = make("output", "rw-number");
    const steps = this.hasStills ? STEPS.map((value) => this.step(axis, value)) : [];
    const fold = axis >= FOLD && this.hasStills && this.basis.size > FOLD + 1;
    row.toggleAttribute("data-folded", fold);
    row.append(this.name(axis), ...(this.hasStills ? [this.strip(steps)] : []), input, number);
    input.addEventListener("input", () => this.changed(axis, Number(input.value), false));
    input.addEventListener("change", () => this.changed(axis, Number(input.value), true));
    input.addEventListener("dblclick", () => this.restored(axis));
    input.addEventListener("keydown", (event) => this.key(event, axis));
    this.root.append(row);
    return { input, number, steps };
  }

  key(event, axis) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[Number(event.key) - 1];
    const fine = event.shiftKey ? 0.01 : 0.1;
    const moves = {
      ...{ ArrowUp: fine, ArrowRight: fine, ArrowDown: -fine, ArrowLeft: -fine },
      ...{ PageUp: 0.5, PageDown: -0.5 },
    };
    if (event.key === "Delete" || event.key === "Backspace") this.restored(axis);
    else if (event.key in moves) {
      const now = Number(this.rows[axis].input.value);
      this.changed(axis, clamp(now + moves[event.key], REACH), true);
    } else if (this.hasStills && step !== undefined) this.changed(axis, step, true);
    else return;
    event.preventDefault();
  }

  name(axis) {
    const { share, names } = this.basis;
    const name = make("span", "rw-knob-name", { "aria-hidden": "true" });
    const [title, note] = [make("b", ""), make("small", names ? "" : "rw-number")];
    name.append(title);
    title.textContent = `z${axis + 1}`;
    if (names) {
      title.textContent = directionValue(names[axis]);
      note.textContent = directionScores(names[axis]);
    } else if (share) {
      title.textContent = `Look ${axis + 1}`;
      note.textContent = percent(share[axis]);
      name.style.setProperty("--share", share[axis] / share[0]);
      name.title = "Its part in what differs from clip to clip";
    }
    if (note.textContent) name.append(note);
    return name;
  }

  describe(axis, idle) {
    const { share, names } = this.basis;
    if (idle) return `Who, number ${axis + 1}: does nothing`;
    if (names) return `Who, ${directionName(names[axis])}, ${directionScores(names[axis])}`;
    if (!share) return `Who, number ${axis + 1}`;
    return `Who, look ${axis + 1}, explains ${percent(share[axis])}`;
  }

  strip(steps) {
    const strip = make("div", "rw-steps");
    strip.append(...steps.map(({ button }) => button));
    return strip;
  }

  // For a pointer alone: with the keyboard the slider itself goes there.
  step(axis, value) {
    const { names } = this.basis;
    const name = names ? directionName(names[axis]) : `Look ${axis + 1}`;
    const button = make("button", "rw-step", {
      type: "button",
      tabindex: -1,
      "aria-label": `${name} at ${signed(value)}`,
      title: `Go to ${signed(value)}`,
    });
    const still = make("img", "rw-still", { width: this.side, height: this.side, alt: "" });
    button.append(still);
    button.addEventListener("click", () => this.changed(axis, value, true));
    return { button, still, value };
  }

  show(code, original) {
    this.rows.forEach((row, axis) => {
      const { input, number, steps } = row;
      const value = this.basis.coordinate(code, axis);
      const before = clamp(this.basis.coordinate(original, axis), REACH);
      const state = () => `${value.toFixed(4)} ${before.toFixed(4)} ${input.value}`;
      if (row.shown === state()) return; // a drag leaves most rows as they are
      input.style.setProperty("--was", (before + REACH) / (2 * REACH));
      // A slider that is being dragged keeps its own value, which is finer than a read-off.
      if (Math.abs(Number(input.value) - value) > 0.006) input.value = value.toFixed(2);
      number.textContent = this.basis.idle?.[axis] ? "does nothing" : signed(value);
      steps.forEach(({ button, value: at }) => {
        button.toggleAttribute("data-near", Math.abs(clamp(value, REACH) - at) <= 0.75);
      });
      fillTrack(input);
      row.shown = state();
    });
  }

  // The stills of all strips, as codes to decode.
  stills(codes) {
    return this.rows.flatMap((_, axis) =>
      STEPS.map((value) => {
        const still = { static: [...codes.static], dynamic: [codes.dynamic[0]] };
        this.basis.set(still.static, axis, value);
        return still;
      }),
    );
  }

  // `sheets` hold them in the same order, each `rows` of them.
  showStills(sheets, rows) {
    const images = this.rows.flatMap(({ steps }) => steps.map(({ still }) => still));
    paintStills(images, sheets, rows, this.side);
  }
}

// A slider along a direction of who that several models share by its number. moved(value): in
// standard deviations of each model's own codes, up to `max` to either side.
export class SharedKnob {
  constructor(root, number, value, max, moved) {
    Object.assign(this, { moved, value });
    const row = make("label", "rw-look");
    this.input = make("input", "rw-range rw-centred", {
      type: "range",
      min: -max,
      max,
      step: 0.05,
      value,
      "aria-label": `Who, look ${number + 1} of each model`,
    });
    this.number = make("output", "rw-number");
    row.append(`Look ${number + 1}`, this.input, this.number);
    root.append(row);
    this.input.addEventListener("input", () => this.set(Number(this.input.value)));
    this.input.addEventListener("dblclick", () => this.set(0));
    this.mark();
  }

  set(value) {
    if (value === this.value) return;
    this.input.value = this.value = value;
    this.mark();
    this.moved(value);
  }

  mark() {
    this.number.textContent = signed(Number(this.input.value));
    fillTrack(this.input);
  }
}
