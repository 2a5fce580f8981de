// What part of a clip is taken: frames on a strip of stills, a box on a still, and of a sprite
// sheet one row.

import { middleSquare, movedBox, rowTable, trimmed } from "../lib/choices.js";
import { make } from "./dom.js";

// Two thumbs on the strip of stills: the first and the last frame. take(choices) when one is let
// go.
export function trimStrip(root, { source, choices, take }) {
  const { frames, first, last, stills } = source;
  root.replaceChildren();
  root.hidden = frames < 3;
  if (root.hidden) return;
  const track = make("div", "rw-trim-track");
  const picture = make("img", "rw-trim-stills", { src: stills, alt: "", draggable: "false" });
  const taken = make("span", "rw-trim-taken", { "aria-hidden": "true" });
  const words = make("output", "rw-number");
  const [from, to] = [
    ["First frame", choices.first ?? first],
    ["Last frame", choices.last ?? last],
  ].map(([label, value]) => {
    const at = { type: "range", min: 0, max: frames - 1, step: 1, "aria-label": label };
    const input = make("input", "rw-trim-thumb", at);
    input.value = value;
    return input;
  });
  const paint = () => {
    const [a, b] = [Number(from.value), Number(to.value)];
    taken.style.setProperty("--a", a / frames);
    taken.style.setProperty("--b", (b + 1) / frames);
    words.textContent = `frames ${a + 1} to ${b + 1} of ${frames}`;
  };
  from.addEventListener("input", () => {
    from.value = Math.min(Number(from.value), Number(to.value) - 1);
    paint();
  });
  to.addEventListener("input", () => {
    to.value = Math.max(Number(to.value), Number(from.value) + 1);
    paint();
  });
  [from, to].forEach((input) => {
    input.addEventListener("change", () =>
      take(trimmed(choices, Number(from.value), Number(to.value), frames)),
    );
  });
  paint();
  track.append(picture, taken, from, to);
  root.append(make("h3", "rw-label", {}, "Which frames"), track, words);
}

const HANDLES = ["lt", "rt", "lb", "rb"];
const STEP = 0.02; // of the picture, for an arrow key
const NAMES = { l: "left", t: "top", r: "right", b: "bottom" };

// A box on the first still: drag it or its corners, or use the arrow keys. take(choices) when it
// is let go; none is sent while keys follow each other fast.
export function cropBox(root, { source, choices, take }) {
  const { width, height, stills, columns } = source;
  root.replaceChildren();
  const frame = make("div", "rw-crop");
  frame.style.setProperty("--aspect", width / height);
  frame.style.setProperty("--stills", `url("${stills}")`);
  frame.style.setProperty("--columns", columns ?? 1);
  const box = make("div", "rw-crop-box", {
    tabindex: "0",
    role: "group",
    "aria-label": "The part that is taken: arrow keys move it",
  });
  let shares = choices.crop ?? middleSquare(width, height);
  let timer = null;
  const paint = () => {
    ["l", "t", "r", "b"].forEach((edge, n) => {
      box.style.setProperty(`--${edge}`, shares[n]);
    });
  };
  const done = () => take({ ...choices, crop: shares.map((share) => Number(share.toFixed(4))) });
  const handles = HANDLES.map((edges) => {
    const label = `${NAMES[edges[1]]} ${NAMES[edges[0]]} corner: arrow keys move it`;
    const handle = make("button", "rw-crop-handle", { type: "button", "aria-label": label });
    handle.dataset.edges = edges;
    return handle;
  });
  box.append(...handles);
  const edgesOf = (target) => target.dataset.edges ?? "move";
  box.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = by[event.key];
    if (!step) return;
    event.preventDefault();
    shares = movedBox(shares, edgesOf(event.target), STEP * step[0], STEP * step[1]);
    paint();
    clearTimeout(timer);
    timer = setTimeout(done, 500);
  });
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const edges = edgesOf(event.target);
    const { width: w, height: h } = frame.getBoundingClientRect();
    const [start, x, y] = [shares, event.clientX, event.clientY];
    event.target.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    const move = ({ clientX, clientY }) => {
      shares = movedBox(start, edges, (clientX - x) / w, (clientY - y) / h);
      paint();
    };
    const stop = () => {
      box.removeEventListener("pointermove", move);
      if (shares !== start) done();
    };
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", stop, { once: true });
    box.addEventListener("pointercancel", stop, { once: true });
  });
  paint();
  frame.append(box);
  root.append(make("h3", "rw-label", {}, "Which part"), frame);
}

// The rows of a sprite sheet: actions down, directions across.
export function rowGrid(root, { rows, row, choices, take }) {
  root.replaceChildren();
  root.hidden = !rows;
  if (!rows) return;
  const { actions, directions, at } = rowTable(rows);
  const grid = make("div", "rw-rows", { role: "group", "aria-label": "Rows of the sprite sheet" });
  grid.style.setProperty("--across", directions.length);
  grid.append(make("span", ""), ...directions.map((text) => make("b", "", {}, text)));
  actions.forEach((action) => {
    grid.append(make("b", "", {}, action));
    directions.forEach((direction) => {
      const found = at(action, direction);
      if (!found) {
        grid.append(make("span", ""));
        return;
      }
      const about = found.trained ? found.key : `${found.key}: the model did not learn it`;
      const button = make("button", "rw-sheet-row", {
        type: "button",
        "aria-label": about,
        title: about,
        "aria-pressed": String(found.key === row),
      });
      button.dataset.trained = String(found.trained);
      if (found.given) button.style.setProperty("--strip", `url("${found.given}")`);
      else button.textContent = "\u00b7";
      button.addEventListener("click", () => take({ ...choices, row: found.key }));
      grid.append(button);
    });
  });
  const note = "Rows with a picture are such as the model learned; the others it does not know.";
  root.append(make("h3", "rw-label", {}, "Which row"), grid, make("p", "rw-hint", {}, note));
}
