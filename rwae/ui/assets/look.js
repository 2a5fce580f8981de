// A slider along a direction of who that every model has in its own way.

class Look {
  constructor(root, number, moved) {
    Object.assign(this, { moved, value: 0 });
    const row = make("label", "rw-look");
    this.input = make("input", "rw-range rw-centred", {
      type: "range", min: -3, max: 3, step: 0.05, value: 0,
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
