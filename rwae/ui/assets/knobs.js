// Sliders on the coordinates of the static code.

const END = 3; // standard deviations at either end of a slider

class Knobs {
  // changed(axis, value, done): a slider moved; `done` when the hand let go.
  // With `side`, both ends of each slider show where it leads.
  constructor(root, basis, changed, side = 0) {
    Object.assign(this, { root, basis, changed, side });
    root.replaceChildren();
    this.rows = Array.from({ length: basis.size }, (_, axis) => this.row(axis));
  }

  row(axis) {
    const idle = this.basis.idle?.[axis];
    const row = make("label", `rw-knob${idle ? " rw-idle" : ""}`);
    const input = make("input", "rw-range rw-centred", {
      type: "range", min: -END, max: END, step: 0.01, "aria-label": this.describe(axis, idle),
    });
    const number = make("output", "rw-number");
    const ends = this.side ? [this.end(), this.end()] : [];
    row.append(this.name(axis), ...ends.slice(0, 1), input, ...ends.slice(1), number);
    input.addEventListener("input", () => this.changed(axis, Number(input.value), false));
    input.addEventListener("change", () => this.changed(axis, Number(input.value), true));
    this.root.append(row);
    return { input, number, ends };
  }

  name(axis) {
    const share = this.basis.share?.[axis];
    const name = make("span", "rw-knob-name", { "aria-hidden": "true" });
    if (share === undefined) name.textContent = `z${axis + 1}`;
    else {
      name.innerHTML = `<b>Look ${axis + 1}</b><small class="rw-number">${percent(share)}</small>`;
      name.style.setProperty("--share", share / this.basis.share[0]);
      name.title = "Its part in what differs from clip to clip";
    }
    return name;
  }

  end() {
    return make("canvas", "rw-end", { width: this.side, height: this.side, "aria-hidden": "true" });
  }

  describe(axis, idle) {
    if (idle) return `Who, number ${axis + 1}: does nothing`;
    if (!this.basis.share) return `Who, number ${axis + 1}`;
    return `Who, look ${axis + 1}, explains ${percent(this.basis.share[axis])}`;
  }

  show(code, original) {
    this.rows.forEach(({ input, number }, axis) => {
      const value = this.basis.coordinate(code, axis);
      const was = clampTo(this.basis.coordinate(original, axis), END);
      input.style.setProperty("--was", (was + END) / (2 * END));
      // A slider under the hand keeps its own value, which is finer than a read-off.
      if (Math.abs(Number(input.value) - value) > 0.006) input.value = value.toFixed(2);
      number.textContent = this.basis.idle?.[axis] ? "does nothing" : signed(value);
      fill(input);
    });
  }

  // The stills at both ends of every slider, as codes to decode: two rows of a sheet for each.
  ends(codes) {
    return this.rows.flatMap((_, axis) => [-END, END].map((value) => {
      const end = { static: [...codes.static], dynamic: [codes.dynamic[0]] };
      this.basis.set(end.static, axis, value);
      return end;
    }));
  }

  showEnds(sheet) {
    this.rows.flatMap(({ ends }) => ends).forEach((canvas, row) => {
      sheet.draw(canvas.getContext("2d"), row, 0);
    });
  }
}

const signed = (value) => {
  const text = Math.abs(value).toFixed(2);
  return `${value < 0 && text !== "0.00" ? "\u2212" : "+"}${text}`;
};
