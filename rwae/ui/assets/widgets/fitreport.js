// The fit report: what was given, what the model makes of it, and how far the two are apart, in
// step; what that means in a sentence; and the steps by which the clip was read.

import { switched } from "../lib/choices.js";
import { wholeFactor } from "../lib/scale.js";
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
export class Triple {
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

// The line that says how well a model draws a clip.
export function showFit(line, fit) {
  line.textContent = fit?.sentence ?? "";
  line.dataset.fit = fit ? (fit.known ? "known" : "unknown") : "unmeasured";
}

// What was done to a clip, each with a switch that does it the other way; change(choices).
export function showSteps(list, steps, choices, change) {
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
