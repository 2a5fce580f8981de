// The keyboard, wherever the focus is, unless it is in a control that needs the key itself.

const PRESSED = "[type=range], [type=checkbox]"; // inputs into which nothing is typed
const TYPED = `textarea, select, [contenteditable='true'], input:not(${PRESSED})`;
const TAKES_SPACE = `button, summary, a[href], [role=button], input[type=checkbox], ${TYPED}`;
const TAKES_ARROWS = `[role=slider], [role=tab], [role=application], input, ${TYPED}`;

// acts: {play, back, on, undo, redo}; `root` is the part of the page that has to be in sight.
function listenToKeys(root, signal, acts) {
  const wanted = (event) => {
    const at = event.target instanceof Element ? event.target : document.body;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey || at.closest(TYPED)) return null;
      if (key === "z") return event.shiftKey ? acts.redo : acts.undo;
      return key === "y" && !event.shiftKey ? acts.redo : null;
    }
    if (event.altKey || event.shiftKey) return null;
    if (key === " ") return at.closest(TAKES_SPACE) ? null : acts.play;
    const step = { arrowleft: acts.back, arrowright: acts.on }[key];
    return step && !at.closest(TAKES_ARROWS) ? step : null;
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || root.offsetParent === null) return;
    const act = wanted(event);
    if (!act) return;
    event.preventDefault();
    act();
  }, { signal });
}
