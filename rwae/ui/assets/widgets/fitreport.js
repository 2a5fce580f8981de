// The report on a visitor's clip, the same in every tab: what was given, what the model makes of it,
// and how far the two are apart, in step; what that means in a sentence; the steps by which the clip
// was read; and what of it is taken.

import { switched } from "../lib/choices.js";
import { wholeFactor } from "../lib/scale.js";
import { cropBox, rowGrid, trimStrip } from "./cutting.js";
import { make, parts } from "./dom.js";
import { Difference, Sheet, View } from "./player.js";

const TRIPLE = `
  <figure><canvas class="rw-pixels" data-part="given" role="img"
    aria-label="Your clip, as the model was given it"></canvas><figcaption>Yours</figcaption></figure>
  <figure><canvas class="rw-pixels" data-part="redrawn" role="img"
    aria-label="Your clip, as the model draws it"></canvas><figcaption data-part="redrawncaption">As
    the model draws it</figcaption></figure>
  <figure><canvas class="rw-pixels" data-part="difference" role="img"
    aria-label="The difference of the two"></canvas><figcaption>Difference</figcaption></figure>`;

// Three small pictures that move with the clock.
class Triple {
  constructor(root, clock, side) {
    Object.assign(this, { root, side });
    root.classList.add("rw-triple");
    root.innerHTML = TRIPLE;
    this.part = parts(root);
    this.given = new View(this.part.given, clock, side);
    this.redrawn = new View(this.part.redrawn, clock, side);
    this.difference = new Difference(this.part.difference, this.given, this.redrawn);
    new ResizeObserver(() => this.fit()).observe(root);
  }

  fit() {
    const factor = wholeFactor((this.root.clientWidth - 24) / 3, this.side, 3);
    [this.given, this.redrawn, this.difference].forEach((view) => {
      view.scale(factor);
    });
  }

  async show(given, redrawn) {
    const sheets = await Promise.all([given, redrawn].map((url) => Sheet.load(url, this.side)));
    this.given.show(sheets[0], 0);
    this.redrawn.show(sheets[1], 0);
    this.difference.draw();
    return sheets;
  }

  // Shows another redrawing beside the same clip.
  async redraw(url, caption) {
    const sheet = await Sheet.load(url, this.side);
    this.part.redrawncaption.textContent = caption;
    this.redrawn.show(sheet, 0);
    this.difference.draw();
  }
}

const REPORT = `
  <div data-part="triple"></div>
  <p class="rw-fit" role="status" data-part="fit"></p>
  <p class="rw-hint" data-part="where"></p>
  <div data-part="more"></div>
  <div class="rw-cutting" data-part="rows"></div>
  <details class="rw-read" data-part="read" open><summary>How it was read</summary>
    <ul class="rw-read-steps" data-part="steps"></ul></details>
  <details class="rw-read" data-part="cut"><summary>Take other frames, or another part</summary>
    <div class="rw-cutting" data-part="trim"></div>
    <div class="rw-cutting" data-part="crop"></div></details>`;

export class Report {
  // take(choices): the clip is wanted as it is read by other choices. `more` is an element below
  // the sentence for what else a tab says.
  constructor(root, clock, side, take) {
    Object.assign(this, { root, take });
    root.innerHTML = REPORT;
    this.part = parts(root);
    this.more = this.part.more;
    this.triple = new Triple(this.part.triple, clock, side);
  }

  // clip: what `encode_clip` answers, {choices} by which it was read, and `where`: who read it.
  // Resolves to the sheets of what was given and of what is redrawn.
  show(clip) {
    this.root.hidden = this.part.triple.hidden = false;
    this.showFit(clip.fit);
    this.part.where.textContent = clip.where;
    this.showChoices(clip);
    return this.triple.show(clip.given, clip.redrawn);
  }

  showFit(fit) {
    showFit(this.part.fit, fit);
  }

  // Also after a choice that cannot be: the switches go back to what is shown.
  showChoices({ choices, steps, source, rows, row }) {
    const { part, take } = this;
    part.read.hidden = !steps.length;
    part.cut.hidden = Boolean(rows);
    showSteps(part.steps, steps, choices, take);
    rowGrid(part.rows, { rows, row, choices, take });
    trimStrip(part.trim, { source, choices, take });
    cropBox(part.crop, { source, choices, take });
  }

  // A sentence alone, for a clip whose file is not here.
  showSentence(text) {
    const { part } = this;
    part.triple.hidden = part.read.hidden = part.cut.hidden = part.rows.hidden = true;
    part.fit.textContent = text;
    part.where.textContent = "";
  }
}

// The line that says how well a model draws a clip.
function showFit(line, fit) {
  line.textContent = fit?.sentence ?? "";
  line.dataset.fit = fit ? (fit.known ? "known" : "unknown") : "unmeasured";
}

// What was done to a clip, each with a switch that does it the other way; change(choices).
function showSteps(list, steps, choices, change) {
  list.replaceChildren(
    ...steps.map((step) => {
      const line = make("li", "");
      const other = switched(choices, step);
      if (!other) {
        line.append(make("span", "", {}, step.text));
        return line;
      }
      const label = make("label", "");
      const box = make("input", "", { type: "checkbox", "data-step": step.key });
      box.checked = step.on;
      box.addEventListener("change", () => change(other));
      label.append(box, make("span", "", {}, step.text));
      line.append(label);
      return line;
    }),
  );
}
