// What stands before a lane: its name, a lock, and the way back to the original.

const LOCK_SHUT = "M3.5 7h9v7h-9zM5 7V5a3 3 0 0 1 6 0v2H9.6V5a1.6 1.6 0 0 0-3.2 0v2z";
const LOCK_OPEN = "M3.5 7h9v7h-9zM5 7V4.5a3 3 0 0 1 5.9-.8l-1.4.4a1.55 1.55 0 0 0-3.1.4V7z";
const BACK = "M8 3.2a5 5 0 1 1-4.9 6h1.5A3.55 3.55 0 1 0 8 4.65V7L4 3.9 8 .8z";

class LaneHead {
  // hand: {lock, restored}, called when one of the buttons is pressed.
  constructor(row, axis, basis, { lock, restored }) {
    const share = basis.share?.[axis];
    const what = share === undefined ? `motion number ${axis + 1}` : `move ${axis + 1}`;
    this.row = row;
    this.root = make("div", "rw-lane-head");
    this.shut = this.button(`Lock ${what}`, "No edit changes a locked lane", lock);
    this.back = this.button(`Bring ${what} back`, "Back to the original", restored);
    this.back.innerHTML = icon(BACK);
    this.root.append(this.name(axis, share, basis.idle?.[axis]), this.shut, this.back);
  }

  name(axis, share, idle) {
    const name = make("span", "rw-lane-name");
    const [title, note] = [make("b", ""), make("small", share === undefined ? "" : "rw-number")];
    title.textContent = share === undefined ? `z${axis + 1}` : `Move ${axis + 1}`;
    note.textContent = share === undefined ? (idle ? "does nothing" : "") : percent(share);
    name.append(title, note);
    return name;
  }

  button(label, title, act) {
    const button = make("button", "rw-mini", { type: "button", "aria-label": label, title });
    button.addEventListener("click", act);
    return button;
  }

  show(locked, moved) {
    this.back.disabled = locked || !moved;
    if (this.locked === locked) return;
    this.locked = locked;
    this.row.toggleAttribute("data-locked", locked);
    this.shut.setAttribute("aria-pressed", String(locked));
    this.shut.innerHTML = icon(locked ? LOCK_SHUT : LOCK_OPEN);
    this.row.querySelectorAll(".rw-point").forEach((point) =>
      point.setAttribute("aria-disabled", String(locked)));
  }
}
