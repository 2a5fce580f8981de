// Example clips to choose from, and grids of clips that open in Explore.

import { fittingFactor } from "../lib/scale.js";
import { ask } from "../lib/server.js";
import { make, oneTabStop } from "./dom.js";
import { pixelClass, Sheet, View } from "./player.js";

// The example clips of a model with their picture: {examples: [{codes, sheet, row}]}, or {error}.
export async function loadExamples({ sheet: address, side, clips }) {
  const sheet = await ask(() => Sheet.load(address, side));
  if (sheet.error) return sheet;
  return { examples: clips.map((codes, row) => ({ codes, sheet, row })) };
}

// Examples as small moving pictures: the sheet is the background of all, since a canvas for each
// would be a layer for each. Returns a function that marks one of them.
export function exampleChooser(root, examples, clock, side, choose) {
  const { image, frames } = examples[0].sheet;
  const set = (name, value) => root.style.setProperty(name, value);
  set("--sheet", `url("${image.src}")`);
  set("--columns", frames);
  set("--rows", examples.length);
  clock.listen(() => set("--column", (clock.frame % frames) / Math.max(1, frames - 1)));
  const buttons = examples.map((example, n) => {
    const button = make("button", "rw-thumb", {
      type: "button",
      "aria-label": `Example ${n + 1}`,
      "aria-pressed": "false",
    });
    const picture = make("span", pixelClass(side));
    picture.style.setProperty("--row", example.row / Math.max(1, examples.length - 1));
    button.append(picture);
    button.addEventListener("click", () => {
      mark(n);
      choose(example);
    });
    root.append(button);
    return button;
  });
  const reach = oneTabStop(root, buttons);
  reach(0);
  function mark(chosen) {
    reach(Math.max(0, chosen));
    buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === chosen));
    });
    // On a phone the row scrolls: the chosen one comes into sight, and the page stays where it is.
    if (buttons[chosen]) root.scrollLeft = buttons[chosen].offsetLeft - root.offsetLeft - 40;
  }
  return mark;
}

// A clip as a button: {tile, view}.
export function clipTile(label, clock, side, onClick, className = "rw-tile") {
  const tile = make("button", className, { type: "button", "aria-label": label });
  const canvas = make("canvas", "rw-pixels");
  tile.append(canvas);
  tile.addEventListener("click", onClick);
  return { tile, view: new View(canvas, clock, side) };
}

// Gives all views of a grid the largest factor at which `columns` of them fit side by side.
export function fitGrid(grid, views, columns, side, maxFactor) {
  new ResizeObserver(() => {
    const gap = parseFloat(getComputedStyle(grid).columnGap) || 0;
    const box = getComputedStyle(grid.parentElement);
    const width = grid.parentElement.clientWidth - 2 * parseFloat(box.paddingLeft);
    const factor = fittingFactor((width + gap) / columns - gap, side, maxFactor);
    views.forEach((view) => {
      view.scale(factor);
    });
  }).observe(grid.parentElement);
}
