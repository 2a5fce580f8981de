// Keyboard shortcuts, wherever the focus is, unless it is in a control that needs the key itself.

const NOT_TYPED = "[type=range], [type=checkbox]"; // inputs into which nothing is typed
const TYPED = `textarea, select, [contenteditable='true'], input:not(${NOT_TYPED})`;
const BUTTONS = "button, summary, a[href], [role=button]";
const TAKES_SPACE = `${BUTTONS}, input[type=checkbox], ${TYPED}`;

// A button that a key has reached takes the space. One that was clicked does not: the space plays.
let clicked = null;
document.addEventListener("pointerup", ({ target }) => {
  clicked = target instanceof Element ? target.closest(BUTTONS) : null;
});
document.addEventListener("focusin", ({ target }) => {
  if (target !== clicked) clicked = null;
});
const TAKES_ARROWS = `[role=slider], [role=tab], [role=application], input, ${TYPED}`;

// actions: {play, back, on, undo, redo}; `root` is the part of the page that has to be in sight.
export function listenToKeys(root, signal, actions) {
  const actionOf = (event) => {
    const at = event.target instanceof Element ? event.target : document.body;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey || at.closest(TYPED)) return null;
      if (key === "z") return event.shiftKey ? actions.redo : actions.undo;
      return key === "y" && !event.shiftKey ? actions.redo : null;
    }
    if (event.altKey || event.shiftKey) return null;
    if (key === " ") {
      const taker = at.closest(TAKES_SPACE);
      return taker && taker !== clicked ? null : actions.play;
    }
    const step = { arrowleft: actions.back, arrowright: actions.on }[key];
    return step && !at.closest(TAKES_ARROWS) ? step : null;
  };
  const onKey = (event) => {
    if (event.defaultPrevented || root.offsetParent === null) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", onKey, { signal });
  // Firefox presses a button when the space is let go.
  const onRelease = (event) => {
    if (event.key === " " && event.target === clicked) event.preventDefault();
  };
  document.addEventListener("keyup", onRelease, { signal });
}
