// Small helpers for elements of the page.

// An element with a class and attributes; `text` is what it says.
export function make(tag, className, attributes = {}, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  Object.entries(attributes).forEach(([name, value]) => {
    node.setAttribute(name, value);
  });
  if (text !== "") node.textContent = text;
  return node;
}

// The elements of a template by their data-part.
export function parts(root) {
  const nodes = [...root.querySelectorAll("[data-part]")];
  return Object.fromEntries(nodes.map((node) => [node.dataset.part, node]));
}

export const icon = (path) =>
  `<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`;

// The line of a tab that says how something went, in a sentence or an element. What went wrong looks unlike what went well.
export function messages(line) {
  const put = (text, failed) => {
    line.replaceChildren(...(text ? [text] : []));
    line.toggleAttribute("data-failed", failed);
  };
  return { say: (text) => put(text, false), fail: (text) => put(text, true) };
}

// Tells a range input how far it is filled, from `--from` on, for its painted track.
export function fillTrack(input) {
  const span = input.max - input.min || 1;
  input.style.setProperty("--at", (input.value - input.min) / span);
}

// Makes buttons one stop of the Tab key, of which the arrows choose one. Returns a function that
// says which of them the Tab key reaches, by its number.
export function oneTabStop(root, buttons) {
  const reach = (only) => {
    buttons.forEach((button, n) => {
      button.setAttribute("tabindex", n === only ? 0 : -1);
    });
  };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const seen = buttons.filter(({ hidden }) => !hidden);
    const now = seen.indexOf(document.activeElement);
    const goes = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: seen.length - 1 };
    if (now < 0 || !(event.key in goes)) return;
    const next = seen[(goes[event.key] + seen.length) % seen.length];
    reach(buttons.indexOf(next));
    next.focus();
    event.preventDefault();
  });
  return reach;
}

// Buttons of which one is pressed, each showing its own panel; `onSwitch` is called afterwards.
export function switchPanels(root, panels, onSwitch) {
  const buttons = [...root.children];
  const reach = oneTabStop(root, buttons);
  reach(buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true"));
  buttons.forEach((button, n) => {
    button.addEventListener("click", () => {
      reach(n);
      buttons.forEach((other, m) => {
        other.setAttribute("aria-pressed", String(m === n));
      });
      panels.forEach((panel, m) => {
        panel.hidden = m !== n;
      });
      onSwitch();
    });
  });
}

// Whether nothing of the page hides an element; the tab that it is in may be hidden.
export const inSight = (node) => !node.closest(".rw [hidden]");

// A file that is dropped anywhere on `area`; `mark` is the element that shows it would be taken.
export function onFileDrop(area, mark, take) {
  const over = (on) => (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    mark.toggleAttribute("data-over", on);
  };
  area.addEventListener("dragover", over(true));
  area.addEventListener("dragleave", over(false));
  area.addEventListener("drop", over(false));
  area.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
}

// A file that is chosen by a button and its hidden input, as often as one likes.
export function onFileChosen(input, take) {
  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = "";
  });
}

// The clock and the frames of the screen, for an `Editor`.
export const browserAnimation = {
  now: () => performance.now(),
  request: (step) => requestAnimationFrame(step),
  cancel: (frame) => cancelAnimationFrame(frame),
  reduced: () => document.hidden || prefersReducedMotion(),
};

export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Shows an element on the whole screen or, where a frame may not do that, in the whole window.
// `changed(full)` is called whenever it comes or goes; Escape ends it.
export function fullScreen(node, signal, changed) {
  const mark = (full) => {
    node.toggleAttribute("data-full", full);
    changed(full);
  };
  const ended = () => document.fullscreenElement || mark(false);
  document.addEventListener("fullscreenchange", ended, { signal });
  const onKey = (event) => event.key === "Escape" && node.hasAttribute("data-full") && mark(false);
  document.addEventListener("keydown", onKey, { signal });
  return async () => {
    if (node.hasAttribute("data-full")) {
      if (document.fullscreenElement) await document.exitFullscreen();
      mark(false);
      return;
    }
    mark(true);
    await node.requestFullscreen?.().catch(() => {});
  };
}
