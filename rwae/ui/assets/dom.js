// Small helpers for the page.

function make(tag, names, attributes = {}) {
  const node = document.createElement(tag);
  node.className = names;
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
}

// The elements of a template by their data-part.
function parts(root) {
  const nodes = [...root.querySelectorAll("[data-part]")];
  return Object.fromEntries(nodes.map((node) => [node.dataset.part, node]));
}

// The line of a tab that says how something went. What went wrong looks unlike what went well.
function messages(line) {
  const put = (text, failed) => {
    line.textContent = text ?? "";
    line.toggleAttribute("data-failed", failed);
  };
  return { say: (text) => put(text, false), fail: (text) => put(text, true) };
}

// Files may be dropped anywhere on a part of the page; `mark` shows that they would be taken.
function whenDropped(area, mark, take) {
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

// Tells a range input how far it is filled, from `--zero` on, for its painted track.
function fill(input) {
  const span = input.max - input.min || 1;
  input.style.setProperty("--at", (input.value - input.min) / span);
}

const percent = (share) => (share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`);

const LARGEST_SEED = 999999; // that the page takes

const seedNumber = () => 1 + Math.floor(Math.random() * 9999);

// A seed as it was typed, made into one that can be used.
const seedOf = (text) => Math.min(LARGEST_SEED, Math.max(0, Math.round(Number(text)) || 0));

const icon = (path) =>
  `<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`;

const TRANSPORT = `
  <button type="button" class="rw-icon rw-play" data-part="play">
    <span class="rw-when-paused">${icon("M4.5 2.5v11l9-5.5z")}</span>
    <span class="rw-when-playing">${icon("M4 3h3v10H4zM9 3h3v10H9z")}</span>
  </button>
  <button type="button" class="rw-icon" data-part="back" aria-label="Previous frame">
    ${icon("M3 3h2v10H3zM13 3v10L6 8z")}</button>
  <button type="button" class="rw-icon" data-part="on" aria-label="Next frame">
    ${icon("M11 3h2v10h-2zM3 3v10l7-5z")}</button>
  <input type="range" class="rw-range rw-scrub" data-part="scrub" min="0" step="1"
    aria-label="Frame">
  <span class="rw-number rw-count" data-part="count"></span>
  <button type="button" class="rw-icon" data-part="loop" aria-label="Repeat">
    ${icon("M4 5h6.5V2.8L14 6l-3.5 3.2V7H5v2H3V6q0-1 1-1zM12 11H5.5v2.2L2 10l3.5-3.2V9H11V7h2v3q0 1-1 1z")}</button>
  <label class="rw-fps"><input type="range" class="rw-range" data-part="fps" min="2" max="24"
    step="1" value="8" aria-label="Frames a second"><span class="rw-number" data-part="rate">
  </span></label>`;
