// A picture of what the Sheet tab does: a sheet with the rows of one action, and the whole one.

import { make } from "./dom.js";

const GIVEN = "walk";
const UNSURE = "hurt"; // of which the last cells are drafts

// rows: of the layout, {action, columns}.
export function drawSketch(root, rows) {
  const arrow = "<path d='M2 8h22M18 2l6 6-6 6'/>";
  root.replaceChildren(
    sheet(rows, "What you have", () => null),
    svg("rw-sketch-arrow", "0 0 28 16", arrow),
    sheet(rows, "What you take home", (action, left) =>
      action === UNSURE && left < 3 ? "draft" : "drawn",
    ),
  );
}

// status(action, left): of a cell that is not given, and how many are right of it.
function sheet(rows, caption, status) {
  const cells = rows.flatMap(({ action, columns }, row) =>
    Array.from({ length: columns }, (_, column) => {
      const state = action === GIVEN ? "given" : status(action, columns - 1 - column);
      const mark = state ? ` data-status="${state}"` : "";
      const sign = `<text x="${column + 0.5}" y="${row + 0.77}">?</text>`;
      const cell = `<rect x="${column + 0.1}" y="${row + 0.1}" width=".8" height=".8"${mark}/>`;
      return state === "draft" ? cell + sign : cell;
    }),
  );
  const figure = make("figure", "");
  figure.append(svg("", "0 0 13 21", cells.join("")), make("figcaption", "", {}, caption));
  return figure;
}

function svg(className, viewBox, content) {
  const holder = make("div", "");
  holder.innerHTML = `<svg class="${className}" viewBox="${viewBox}" aria-hidden="true">${content}</svg>`;
  return holder.firstElementChild;
}
