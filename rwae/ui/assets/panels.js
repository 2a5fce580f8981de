// The controls of both kinds of code, each along the main directions and number by number.

const SHOWN = 0.015; // a direction that explains less of the picture than this is left out
const MOST = 16; // directions: the pictures at both ends of their sliders are one request

// Leaves out the directions that change next to nothing.
function visible(basis) {
  const kept = basis.share.filter((share) => share >= SHOWN).slice(0, MOST).length || 1;
  const [read, write, share] = [basis.read, basis.write, basis.share].map((v) => v.slice(0, kept));
  return new Basis({ ...basis, read, write, share });
}

// Sliders for who. The first of the two also shows where each slider leads.
function whoPanels(part, boot, sizes, editor) {
  const bases = [visible(new Basis(boot.directions.who)),
    Basis.raw(sizes.static, boot.directions.idle.static)];
  return [part.whomain, part.whoall].map((root, n) => {
    const basis = bases[n];
    const changed = (axis, value, done) =>
      editor.change((codes) => void basis.set(codes.static, axis, value), done);
    return new Knobs(root, basis, changed, n ? 0 : boot.side);
  });
}

// Lanes for how it moves.
function motionPanels(part, boot, sizes, editor, clock) {
  const bases = [visible(new Basis(boot.directions.motion)),
    Basis.raw(sizes.dynamic, boot.directions.idle.dynamic)];
  return [part.motionmain, part.motionall].map((root, n) => {
    const basis = bases[n];
    const changed = (frame, axis, value, done) =>
      editor.change((codes) => void basis.set(codes.dynamic[frame], axis, value), done);
    const restored = (frame, axis) => {
      const before = editor.original.dynamic[frame]; // none beyond the end of the original
      if (before) changed(frame, axis, basis.coordinate(before, axis), true);
    };
    return new Lanes(root, basis, clock, changed, restored);
  });
}

// Buttons of which one is pressed, each showing its own panel; `switched` is told afterwards.
function choice(root, panels, switched) {
  const buttons = [...root.children];
  buttons.forEach((button, n) => button.addEventListener("click", () => {
    buttons.forEach((other, m) => other.setAttribute("aria-pressed", String(m === n)));
    panels.forEach((panel, m) => (panel.hidden = m !== n));
    switched();
  }));
}
