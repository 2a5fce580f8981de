// Two clips crossed: a square with a row for each who, and a column for each motion.

// The codes between two clips. Who and motion go their own ways: 0 is the first, 1 the other.
function between(a, b, who, motion) {
  const blend = (x, y, way) => x.map((z, d) => (1 - way) * z + way * y[d]);
  return {
    static: blend(a.static, b.static, who),
    dynamic: a.dynamic.map((row, t) => blend(row, b.dynamic[t], motion)),
  };
}

// Decodes clips in as few requests as the server's limit allows. The answer has a tile for each.
async function decodedInParts(decoded, clips, { most, frames }, exact) {
  const once = Math.max(1, Math.floor(most / frames));
  const tiles = [];
  for (let start = 0; start < clips.length; start += once) {
    const some = clips.slice(start, start + once);
    const answer = await decoded(some, exact);
    if (answer.error) return answer;
    some.forEach((codes, row) => tiles.push({ codes, sheet: answer.sheet, row }));
  }
  return { tiles };
}

// How far a place on an axis is from A to B: at the edge of the square, and in words.
const PLACES = {
  0: ["A", "A"],
  0.25: ["¼", "a quarter of the way to B"],
  0.5: ["½", "half of the way to B"],
  0.75: ["¾", "three quarters of the way to B"],
  1: ["B", "B"],
};

class Crossing {
  // open({codes, sheet, row}): a tile was chosen.
  constructor(size, clock, side, open) {
    Object.assign(this, { size, open, shown: [], views: [] });
    const ways = Array.from({ length: size }, (_, n) => n / (size - 1));
    this.places = ways.flatMap((who) => ways.map((motion) => ({ who, motion })));
    const tiles = this.places.map((place, n) => this.tile(place, n, clock, side));
    this.nodes = [
      make("span", ""),
      ...ways.map((way) => this.label("rw-axis rw-motion", "moves like", way)),
      ...ways.flatMap((way, row) => [
        this.label("rw-axis rw-axis-who rw-who", "who", way),
        ...tiles.slice(row * size, (row + 1) * size),
      ]),
    ];
  }

  label(names, word, way) {
    const label = make("span", names);
    label.textContent = this.size === 2 ? `${word} ${PLACES[way][0]}` : PLACES[way][0];
    return label;
  }

  tile({ who, motion }, n, clock, side) {
    const corner = !(who % 1) && !(motion % 1);
    const framed = this.size === 2 ? who !== motion : corner; // as the note under the square says
    const tile = make("button", framed ? "rw-tile rw-crossed" : "rw-tile", {
      type: "button",
      "aria-label": `Who ${PLACES[who][1]}, motion ${PLACES[motion][1]}: open in Explore`,
    });
    const canvas = make("canvas", "rw-pixels");
    tile.append(canvas);
    this.views.push(new View(canvas, clock, side));
    tile.addEventListener("click", () => this.open(this.shown[n]));
    return tile;
  }

  show(tiles) {
    this.shown = tiles;
    this.views.forEach((view, n) => view.show(tiles[n].sheet, tiles[n].row));
  }
}

function noteOn(size, encodes) {
  if (size > 2) {
    return "The framed corners are the four of 2 × 2, and every step between them is a quarter of " +
      "the way from A to B. Click any clip to open it in Explore.";
  }
  return `${encodes ? "The framed clips were never seen: each joins" :
    "Both clips were drawn by the model. The framed ones join"} the who of one clip with the ` +
    "motion of the other. Click any clip to open it in Explore.";
}

// Two different numbers below `count`, by chance; twice the same if there is only one.
function twoOf(count) {
  const one = Math.floor(Math.random() * count);
  return [one, (one + 1 + Math.floor(Math.random() * (count - 1))) % count];
}
