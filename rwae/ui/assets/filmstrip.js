// All frames side by side; a click pauses there. They are one picture under a row of buttons,
// because a browser composes each canvas apart.
class Filmstrip {
  constructor(root, clock, side) {
    Object.assign(this, { root, clock, side, cells: [], long: false });
    this.canvas = make("canvas", pixelsOf(side), { height: side });
    this.frames = make("div", "rw-frames");
    root.append(this.frames);
    const room = new ResizeObserver(() => (this.long = root.scrollWidth > root.clientWidth));
    [root, this.frames].forEach((node) => room.observe(node));
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Frames: choose one to pause there");
    clock.listen(() => this.mark());
  }

  show(sheet, row, frames) {
    if (this.cells.length !== frames) this.build(frames);
    this.cells.forEach((_, n) => sheet.draw(this.context, row, n, n * this.side));
    this.mark();
  }

  build(frames) {
    this.cells = Array.from({ length: frames }, (_, n) => {
      const cell = make("button", "rw-cell", { type: "button", "aria-label": `Frame ${n + 1}` });
      cell.style.gridColumn = n + 1;
      cell.addEventListener("click", () => this.clock.seek(n));
      return cell;
    });
    this.frames.style.setProperty("--frames", frames);
    this.frames.replaceChildren(this.canvas, ...this.cells);
    this.canvas.width = frames * this.side;
    this.context = this.canvas.getContext("2d");
  }

  mark() {
    this.cells.forEach((cell, n) => {
      cell.setAttribute("aria-current", String(n === this.clock.frame));
    });
    if (this.long && !this.root.matches(":hover, :has(:focus-visible)")) this.follow();
  }

  // A strip without room for all frames goes along with the clock, unless a hand is on it.
  follow() {
    const { root, cells, clock } = this;
    const width = root.scrollWidth / cells.length;
    const [left, right] = [clock.frame * width, (clock.frame + 1) * width];
    const inSight = left >= root.scrollLeft && right <= root.scrollLeft + root.clientWidth;
    if (!inSight) root.scrollLeft = (left + right - root.clientWidth) / 2;
  }
}
