// The ways by which a visitor's file comes: a button, a drop, Ctrl+V, and the camera.

import { CLIP_TYPES, pastedFile } from "../lib/clipfile.js";
import { make, onFileChosen, onFileDrop } from "./dom.js";

const TYPED = "input:not([type=range], [type=checkbox]), textarea, [contenteditable='true']";

// area: on which a file may be dropped, marked while one is over `mark`. button: opens the picker.
// types: of files that the picker offers. takesPaste(): whether what is pasted is meant for it,
// while the area is in sight. take(file).
export function acceptUploads({
  area,
  mark = area,
  button,
  signal,
  takesPaste,
  take,
  types = CLIP_TYPES,
}) {
  const input = make("input", "", { type: "file", hidden: "", accept: types });
  input.dataset.part = "clipfile";
  button.after(input);
  button.addEventListener("click", () => input.click());
  onFileChosen(input, (file) => file && take(file));
  if (mark) onFileDrop(area, mark, (file) => file && take(file));
  const paste = (event) => {
    if (event.defaultPrevented || area.offsetParent === null) return;
    if (event.target instanceof Element && event.target.closest(TYPED)) return;
    const file = pastedFile(event.clipboardData);
    if (!file || !takesPaste()) return;
    event.preventDefault();
    take(file);
  };
  document.addEventListener("paste", paste, { signal });
}
