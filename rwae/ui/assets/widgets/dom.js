// Small helpers for elements of the page, and for its address.

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

// Buttons of which one is pressed, each showing its own panel; `onSwitch` is called afterwards.
export function switchPanels(root, panels, onSwitch) {
  const buttons = [...root.children];
  buttons.forEach((button, n) => {
    button.addEventListener("click", () => {
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

// The address: ?model=name says which model, and what follows "#" what is shown of it.

export const modelInAddress = () => new URLSearchParams(location.search).get("model");

export function addressOfModel(name) {
  const address = new URL(location.href);
  address.searchParams.set("model", name);
  address.hash = "";
  return address.href;
}

// Puts a model and what is shown of it into the address.
export function putAddress(model, hash) {
  const address = new URL(location.href);
  address.searchParams.set("model", model);
  address.hash = hash;
  history.replaceState(null, "", address);
}

// Puts what is shown into the address; the model in it stays.
export function putHash(hash) {
  const address = new URL(location.href);
  address.hash = hash;
  history.replaceState(null, "", address);
}

// The same and, where the browser allows it, puts the address on the clipboard. Resolves to a
// sentence that says so or, in a frame without an address bar, to a field with the address.
export async function shareAddress(model, hash) {
  putAddress(model, hash);
  const copied = await copyText(location.href);
  if (copied) return "The link is copied.";
  return window.top === window ? "The link is in the address bar." : linkField(location.href);
}

function linkField(address) {
  const label = make("label", "rw-link", {}, "Copy this link: ");
  const field = make("input", "", { type: "text", readonly: "", value: address });
  field.addEventListener("focus", () => field.select());
  label.append(field);
  return label;
}

// Resolves to whether the browser allowed it.
export async function copyText(text) {
  const writing = navigator.clipboard?.writeText(text);
  return (
    (await writing?.then(
      () => true,
      () => false,
    )) ?? false
  );
}

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
