// Directions with names, one attribute at a time: all of them at once would be a long list, and
// five times as many stills to draw. How well each works was measured before, and stands beside it.

const NAMED_HINT = "To the right, a slider brings what it is named after. Reached: so many clips " +
  "got it. Pure: in so many of these a judge saw nothing else change. Measured on clips that no " +
  "direction was fitted to.";

// "hair: red", but "hair 3" where a value is no more than a number.
const named = ({ factor, value }) => `${factor}${/^\d+$/.test(value) ? "" : ":"} ${value}`;

// Rounded down: no more is promised than was measured. The file holds four digits of a share.
const percentOf = (share) => `${Math.floor(Math.round(10000 * share) / 100)}\u00a0%`;

const measured = ({ reach, selectivity }) =>
  `reached\u00a0${percentOf(reach)}, pure\u00a0${percentOf(selectivity)}`;

// The directions of each attribute: [{factor, basis}].
function byFactor({ mean, read, write, names }) {
  const factors = [...new Set(names.map(({ factor }) => factor))];
  return factors.map((factor) => {
    const mine = (_, n) => names[n].factor === factor;
    const [reads, writes, own] = [read, write, names].map((rows) => rows.filter(mine));
    return { factor, basis: new Basis({ mean, read: reads, write: writes, names: own }) };
  });
}

// Fills a part of the page, with a switch between the attributes; `switched` is told when another
// is in sight. The answer has a place for the sliders of each: [{root, basis}].
function namedPanels(root, directions, switched) {
  const hint = make("p", "rw-hint");
  hint.textContent = NAMED_HINT;
  const chooser = make("div", "rw-switch", { role: "group", "aria-label": "Which attribute" });
  const panels = byFactor(directions).map(({ factor, basis }, n) => {
    const button = make("button", "", { type: "button", "aria-pressed": String(!n) });
    button.textContent = factor;
    chooser.append(button);
    const panel = make("div", "rw-knobs rw-knobs-named");
    panel.hidden = n > 0;
    return { root: panel, basis };
  });
  root.replaceChildren(chooser, ...panels.map((panel) => panel.root), hint);
  choice(chooser, panels.map((panel) => panel.root), switched);
  return panels;
}
