// Keyboard shortcuts, wherever the focus is, unless it is in a control that needs the key itself.

const NOT_TYPED = "[type=range], [type=checkbox]"; // inputs into which nothing is typed
const TYPED = `textarea, select, [contenteditable='true'], input:not(${NOT_TYPED})`;
const TAKES_SPACE = `button, summary, a[href], [role=button], input[type=checkbox], ${TYPED}`;
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
    if (key === " ") return at.closest(TAKES_SPACE) ? null : actions.play;
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
}
