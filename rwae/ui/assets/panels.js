// The controls of both kinds of code: along the main directions, by name where names were
// measured, and number by number.

const SHOWN = 0.015; // a direction that explains less of the picture than this is left out
const MOST = 16; // directions: the stills beside their sliders are one request

// Leaves out the directions that change next to nothing.
function visible(basis) {
  const kept = basis.share.filter((share) => share >= SHOWN).slice(0, MOST).length || 1;
  const [read, write, share] = [basis.read, basis.write, basis.share].map((v) => v.slice(0, kept));
  return new Basis({ ...basis, read, write, share });
}

// Sliders for who, a list for each of the roots. All but the plain numbers show where they lead.
// `switched` is told when another list is in sight.
function whoPanels(part, boot, sizes, editor, switched) {
  const { who, named: directions, idle } = boot.directions;
  const lists = [[part.whomain, visible(new Basis(who)), boot.side]];
  part.whohasnames.hidden = !directions;
  (directions ? namedPanels(part.whonamed, directions, switched) : [])
    .forEach(({ root, basis }) => lists.push([root, basis, boot.side]));
  lists.push([part.whoall, Basis.raw(sizes.static, idle.static), 0]);
  return lists.map(([root, basis, side]) => {
    const changed = (axis, value, done) =>
      editor.change((codes) => void basis.set(codes.static, axis, value), done);
    const restored = (axis) =>
      changed(axis, basis.coordinate(editor.original.static, axis), true);
    return new Knobs(root, basis, { changed, restored }, side);
  });
}

// Lanes for how it moves; `changedLocks` is told when one is locked or set free.
function motionPanels(part, boot, sizes, editor, clock, locks, changedLocks) {
  const { motion, idle } = boot.directions;
  const lists = [[part.motionmain, visible(new Basis(motion))],
    [part.motionall, Basis.raw(sizes.dynamic, idle.dynamic)]];
  return lists.map(([root, basis]) => {
    const changed = (frame, axis, value, done) =>
      editor.change((codes) => void basis.set(codes.dynamic[frame], axis, value), done);
    // A frame beyond the end of the original has nothing to go back to, and stays.
    const restored = (axis, only) => editor.change((codes) => {
      editor.original.dynamic.forEach((before, frame) => {
        if (frame !== (only ?? frame) || !codes.dynamic[frame]) return;
        basis.set(codes.dynamic[frame], axis, basis.coordinate(before, axis));
      });
    });
    const lock = (axis) => {
      locks.toggle(basis, axis);
      changedLocks();
    };
    const locked = (axis) => locks.has(basis, axis);
    return new Lanes(root, basis, clock, { changed, restored, lock, locked });
  });
}

// Whether a list of sliders or lanes is the one that its switch shows.
const inSight = ({ root }) => !root.closest(".rw [hidden]");

// Buttons of which one is pressed, each showing its own panel; `switched` is told afterwards.
function choice(root, panels, switched) {
  const buttons = [...root.children];
  buttons.forEach((button, n) => button.addEventListener("click", () => {
    buttons.forEach((other, m) => other.setAttribute("aria-pressed", String(m === n)));
    panels.forEach((panel, m) => (panel.hidden = m !== n));
    switched();
  }));
}
