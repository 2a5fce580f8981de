// A slider along a direction of who that every model has in its own way.

const FARTHEST_LOOK = 3; // standard deviations, to either side

class Look {
  constructor(root, number, value, moved) {
    Object.assign(this, { moved, value });
    const row = make("label", "rw-look");
    this.input = make("input", "rw-range rw-centred", {
      type: "range", min: -FARTHEST_LOOK, max: FARTHEST_LOOK, step: 0.05, value,
      "aria-label": `Who, look ${number + 1} of each model`,
    });
    this.number = make("output", "rw-number");
    row.append(`Look ${number + 1}`, this.input, this.number);
    root.append(row);
    this.input.addEventListener("input", () => this.set(Number(this.input.value)));
    this.input.addEventListener("dblclick", () => this.set(0));
    this.mark();
  }

  // In standard deviations of the model's own codes.
  set(value) {
    if (value === this.value) return;
    this.input.value = this.value = value;
    this.mark();
    this.moved(value);
  }

  mark() {
    const value = Number(this.input.value);
    this.number.textContent = `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`;
    fill(this.input);
  }
}
