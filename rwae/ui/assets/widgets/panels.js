// The controls of both kinds of code in Explore: along the main directions, by name where names
// were measured, and number by number.

import { Basis, byFactor, laneRanges, mainDirections } from "../lib/directions.js";
import { factorName } from "../lib/format.js";
import { make, switchPanels } from "./dom.js";
import { Knobs } from "./knobs.js";
import { Lanes } from "./lanes.js";

const NAMED_HINT =
  "Of the test clips: in how many it works, and in how many of these nothing else changes.";

// Sliders for who, a list for each of the roots. All but the plain numbers show where they lead.
// `onSwitch` is called when another list is in sight.
export function whoPanels(part, model, sizes, editor, onSwitch) {
  const { who, named, idle } = model.directions;
  const lists = [[part.whomain, mainDirections(new Basis(who)), model.side]];
  part.whohasnames.hidden = !named;
  // Sliders that say what they do come first.
  if (named) part.whohasnames.click();
  part.attributes.hidden = !named;
  (named ? namedPanels(part, named, onSwitch) : []).forEach(({ root, basis }) => {
    lists.push([root, basis, model.side]);
  });
  lists.push([part.whoall, Basis.identity(sizes.static, idle.static), 0]);
  return lists.map(([root, basis, side]) => {
    const changed = (axis, value, done) =>
      editor.change((codes) => void basis.set(codes.static, axis, value), done);
    const restored = (axis) => changed(axis, basis.coordinate(editor.original.static, axis), true);
    return new Knobs(root, basis, { changed, restored }, side);
  });
}

// Directions with names, one attribute at a time: all of them at once would be a long list, and
// five times as many stills to draw. The answer has a place for the sliders of each attribute:
// [{root, basis}].
function namedPanels({ whonamed: root, attributes: chooser }, directions, onSwitch) {
  const hint = make("p", "rw-hint", {}, NAMED_HINT);
  const panels = byFactor(directions).map(({ factor, basis }, n) => {
    const pressed = { type: "button", "aria-pressed": String(!n) };
    chooser.append(make("button", "", pressed, factorName(factor)));
    const panel = make("div", "rw-knobs rw-knobs-named");
    panel.hidden = n > 0;
    return { root: panel, basis };
  });
  const roots = panels.map((panel) => panel.root);
  root.replaceChildren(...roots, hint);
  switchPanels(chooser, roots, onSwitch);
  return panels;
}

// Lanes for how it moves; `onLock` is called when one is locked or unlocked.
export function motionPanels(part, model, sizes, editor, clock, locks, onLock) {
  const { motion, idle } = model.directions;
  const lists = [
    [part.motionmain, mainDirections(new Basis(motion)), model.side],
    [part.motionall, Basis.identity(sizes.dynamic, idle.dynamic), 0],
  ];
  return lists.map(([root, basis, side]) => {
    const ranges = laneRanges(basis, model.clips);
    const changed = (frame, axis, value, done) =>
      editor.change((codes) => void basis.set(codes.dynamic[frame], axis, value), done);
    // A frame beyond the end of the original has nothing to go back to, and stays.
    const restored = (axis, only) =>
      editor.change((codes) => {
        editor.original.dynamic.forEach((before, frame) => {
          if (frame !== (only ?? frame) || !codes.dynamic[frame]) return;
          basis.set(codes.dynamic[frame], axis, basis.coordinate(before, axis));
        });
      });
    const lock = (axis) => {
      locks.toggle(basis, axis);
      onLock();
    };
    const locked = (axis) => locks.has(basis, axis);
    return new Lanes(root, basis, clock, ranges, { changed, restored, lock, locked }, side);
  });
}
