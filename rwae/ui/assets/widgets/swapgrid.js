// Two clips crossed: a square with a row for each who, and a column for each motion.

import { clipTile } from "./chooser.js";
import { make } from "./dom.js";

// How far a place on an axis is from A to B: at the edge of the square, and in words.
const PLACES = {
  0: ["A", "A"],
  0.25: ["¼", "a quarter of the way to B"],
  0.5: ["½", "half of the way to B"],
  0.75: ["¾", "three quarters of the way to B"],
  1: ["B", "B"],
};

export class SwapGrid {
  // open({codes, sheet, row}): a tile was chosen.
  constructor(size, clock, side, open) {
    Object.assign(this, { size, clock, side, open, shown: [], views: [] });
    const fractions = Array.from({ length: size }, (_, n) => n / (size - 1));
    this.places = fractions.flatMap((who) => fractions.map((motion) => ({ who, motion })));
    const tiles = this.places.map((place, n) => this.tile(place, n));
    this.nodes = [
      make("span", ""),
      ...fractions.map((fraction) => this.label("rw-axis rw-motion", "moves like", fraction)),
      ...fractions.flatMap((fraction, row) => [
        this.label("rw-axis rw-axis-who rw-who", "who", fraction),
        ...tiles.slice(row * size, (row + 1) * size),
      ]),
    ];
  }

  label(className, word, fraction) {
    const [short] = PLACES[fraction];
    return make("span", className, {}, this.size === 2 ? `${word} ${short}` : short);
  }

  tile({ who, motion }, n) {
    const corner = !(who % 1) && !(motion % 1);
    const framed = this.size === 2 ? who !== motion : corner; // as the note under the square says
    const label = `Who ${PLACES[who][1]}, motion ${PLACES[motion][1]}: open in Explore`;
    const className = framed ? "rw-tile rw-crossed" : "rw-tile";
    const open = () => this.open(this.shown[n]);
    const { tile, view } = clipTile(label, this.clock, this.side, open, className);
    this.views.push(view);
    return tile;
  }

  show(tiles) {
    this.shown = tiles;
    this.views.forEach((view, n) => {
      view.show(tiles[n].sheet, tiles[n].row);
    });
  }

  // What stands under the square; `encodes` says whether the clips may be real ones.
  note(encodes) {
    if (this.size > 2) {
      return (
        "The framed corners are the four of 2 × 2, and every step between them is a quarter of " +
        "the way from A to B. Click any clip to open it in Explore."
      );
    }
    const framed = encodes
      ? "The framed clips were never seen: each joins"
      : "Both clips were drawn by the model. The framed ones join";
    return (
      `${framed} the who of one clip with the motion of the other. Click any clip to open it in ` +
      "Explore."
    );
  }
}
