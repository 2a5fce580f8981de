// A tour of three steps through Explore, for a first visit or a lecture. It begins only when it is
// asked for. Its card stands above the part that it speaks of and covers nothing.

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

const TAKEN = "rw-tour-taken"; // the name under which the browser remembers it

let running = null; // a page has one tour at a time

// Begins the tour; opener: the button that the focus goes back to.
export function startTour(opener) {
  running?.end();
  running = new Tour(opener);
}

// Whether the tour was taken in this browser, to its end or not.
export function tourTaken() {
  try {
    return localStorage.getItem(TAKEN) !== null;
  } catch {
    return false; // a frame without the right to the storage
  }
}

function rememberTour() {
  try {
    localStorage.setItem(TAKEN, "");
  } catch {
    // It is offered again.
  }
}

// Resolves when nothing hides an element any more, such as another tab of the page.
const shown = (node) =>
  new Promise((resolve) => {
    const observer = new ResizeObserver(() => {
      if (node.offsetParent === null) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(node);
  });

class Tour {
  constructor(opener) {
    Object.assign(this, { opener, step: -1 });
    this.card = make("section", "rw-tour", { role: "dialog", "aria-label": "Tour" });
    this.card.innerHTML = CARD;
    this.part = parts(this.card);
    this.part.end.addEventListener("click", () => this.end());
    this.part.next.addEventListener("click", () => this.next());
    this.card.addEventListener("keydown", ({ key }) => key === "Escape" && this.end());
    this.next();
  }

  async next() {
    this.step += 1;
    if (this.step === STEPS.length) {
      this.end();
      return;
    }
    const [selector, text] = STEPS[this.step];
    const target = document.querySelector(selector);
    this.part.text.textContent = text;
    this.part.count.textContent = `${this.step + 1} of ${STEPS.length}`;
    this.part.next.textContent = this.step + 1 < STEPS.length ? "Next" : "Done";
    this.mark(target);
    target.before(this.card);
    await shown(target);
    this.bringIntoSight();
    this.part.next.focus({ preventScroll: true });
  }

  mark(target) {
    this.target?.removeAttribute("data-toured");
    this.target = target;
    target?.setAttribute("data-toured", "");
  }

  // The card, and as much of the part below it as the window has room for.
  bringIntoSight() {
    const { top } = this.card.getBoundingClientRect();
    const { bottom } = this.target.getBoundingClientRect();
    if (top >= 0 && bottom <= innerHeight) return;
    const behavior = prefersReducedMotion() ? "auto" : "smooth";
    this.card.scrollIntoView({ block: "start", behavior });
  }

  end() {
    rememberTour();
    this.mark(null);
    this.card.remove();
    running = null;
    this.opener.classList.remove("rw-primary");
    this.opener.focus();
  }
}
