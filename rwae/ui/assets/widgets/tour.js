// A tour of three steps through Explore, for a first visit or a lecture. It covers nothing, and
// begins only when it is asked for.

import { make, parts, prefersReducedMotion } from "./dom.js";

const STEPS = [
  [
    ".rw-explore .rw-stage",
    "This is a clip that the model draws. It is taken apart into one code for who is in it, and one " +
      "code per frame for how it moves.",
  ],
  [
    ".rw-explore .rw-panel[aria-label='Who']",
    "Drag a slider: another character makes the same movement. The pictures beside it show where " +
      "it leads.",
  ],
  [
    ".rw-explore .rw-panel[aria-label='How it moves']",
    "Draw in a lane: the same character moves in another way. In Swap, one clip lends its movement " +
      "to another.",
  ],
];
const CARD = `
  <p data-part="text"></p>
  <div class="rw-row"><span class="rw-number" data-part="count"></span><span class="rw-spring"></span>
    <button type="button" class="rw-button" data-part="end">End</button>
    <button type="button" class="rw-button rw-primary" data-part="next">Next</button></div>`;

let running = null; // a page has one tour at a time

// Begins the tour; opener: the button that the focus goes back to. root: what the card is put into.
export function startTour(root, opener) {
  running?.end();
  running = new Tour(root, opener);
}

class Tour {
  constructor(root, opener) {
    Object.assign(this, { opener, step: -1 });
    this.card = make("section", "rw-tour", { role: "dialog", "aria-label": "Tour" });
    this.card.innerHTML = CARD;
    this.part = parts(this.card);
    root.append(this.card);
    this.part.end.addEventListener("click", () => this.end());
    this.part.next.addEventListener("click", () => this.next());
    this.card.addEventListener("keydown", ({ key }) => key === "Escape" && this.end());
    this.next();
  }

  next() {
    this.step += 1;
    if (this.step === STEPS.length) {
      this.end();
      return;
    }
    const [selector, text] = STEPS[this.step];
    this.mark(document.querySelector(selector));
    this.part.text.textContent = text;
    this.part.count.textContent = `${this.step + 1} of ${STEPS.length}`;
    this.part.next.textContent = this.step + 1 < STEPS.length ? "Next" : "Done";
    this.part.next.focus({ preventScroll: true });
  }

  mark(target) {
    this.target?.removeAttribute("data-toured");
    this.target = target;
    target?.setAttribute("data-toured", "");
    const behavior = prefersReducedMotion() ? "auto" : "smooth";
    target?.scrollIntoView({ block: "nearest", behavior });
  }

  end() {
    this.mark(null);
    this.card.remove();
    running = null;
    this.opener.focus();
  }
}
