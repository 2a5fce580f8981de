// A square in which one point sets two values: how far across, and how far down.
//
// For the pointer it is a plane. For the keyboard and for screen readers it is a pair of range
// inputs, one for each axis, of which the arrow keys always take the one that they point along.

const STEP = 0.02;
const LARGE_STEP = 0.1; // with Shift, or by the page keys
const ARROWS = {
  ArrowLeft: ["across", -1],
  ArrowRight: ["across", 1],
  ArrowUp: ["down", -1],
  ArrowDown: ["down", 1],
};

export class Pad {
  // inputs: {across, down}, range inputs from 0 to 1; moved(): the point is elsewhere.
  constructor(root, inputs, moved) {
    Object.assign(this, { root, inputs, moved });
    Object.entries(inputs).forEach(([axis, input]) => {
      input.addEventListener("input", () => this.update());
      input.addEventListener("keydown", (event) => this.key(event, axis));
    });
    root.addEventListener("pointerdown", (event) => this.startDrag(event));
    root.addEventListener("pointermove", (event) => {
      if (root.hasPointerCapture(event.pointerId)) this.drag(event);
    });
    this.paint();
  }

  get across() {
    return Number(this.inputs.across.value);
  }

  get down() {
    return Number(this.inputs.down.value);
  }

  update() {
    this.paint();
    this.moved();
  }

  paint() {
    this.root.style.setProperty("--across", this.across);
    this.root.style.setProperty("--down", this.down);
    Object.values(this.inputs).forEach((input) => {
      input.setAttribute("aria-valuetext", `${Math.round(100 * input.value)} % of the way to B`);
    });
  }

  startDrag(event) {
    if (event.button) return;
    event.preventDefault(); // no text is selected, and the focus goes to the input
    this.root.setPointerCapture(event.pointerId);
    this.inputs.across.focus({ preventScroll: true });
    this.drag(event);
  }

  drag({ clientX, clientY }) {
    const box = this.root.getBoundingClientRect();
    // An input keeps to its own range and steps, whatever is put into it.
    this.inputs.across.value = (clientX - box.left) / box.width;
    this.inputs.down.value = (clientY - box.top) / box.height;
    this.update();
  }

  key(event, axis) {
    const { key, shiftKey } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [along, sign] = ARROWS[key] ?? [axis, { PageUp: -1, PageDown: 1 }[key]];
    const input = this.inputs[along];
    if (key === "Home" || key === "End") input.value = key === "Home" ? input.min : input.max;
    else if (sign) {
      const step = shiftKey || key.startsWith("Page") ? LARGE_STEP : STEP;
      input.value = Number(input.value) + sign * step;
    } else return;
    event.preventDefault();
    input.focus(); // what is read out is the axis that moved
    this.update();
  }
}
