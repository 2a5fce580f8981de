// What the tabs share: example clips to choose from, grids of clips, and the way to Explore.

// Example clips, the rows of a sheet, as small moving pictures: the sheet is the background of all,
// since a canvas for each would be a layer for each. Returns a function that marks one of them.
function chooser(root, options, clock, side, choose) {
  const { image, frames } = options[0].sheet;
  const at = (name, value) => root.style.setProperty(name, value);
  at("--sheet", `url("${image.src}")`);
  at("--columns", frames);
  at("--rows", options.length);
  clock.listen(() => at("--column", (clock.frame % frames) / Math.max(1, frames - 1)));
  const buttons = options.map((option, n) => {
    const button = make("button", "rw-thumb", {
      type: "button", "aria-label": `Example ${n + 1}`, "aria-pressed": "false",
    });
    const picture = make("span", pixelsOf(side));
    picture.style.setProperty("--row", option.row / Math.max(1, options.length - 1));
    button.append(picture);
    button.addEventListener("click", () => {
      mark(n);
      choose(option);
    });
    root.append(button);
    return button;
  });
  function mark(chosen) {
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(n === chosen)));
    // On a phone the row scrolls: the chosen one comes into sight, and the page stays where it is.
    if (buttons[chosen]) root.scrollLeft = buttons[chosen].offsetLeft - root.offsetLeft - 40;
  }
  return mark;
}

// The largest factor up to `most` that enlarges a pixel to a whole number of device pixels.
function wholeFactor(room, side, most) {
  const dense = window.devicePixelRatio || 1;
  if (side >= FINE) return Math.min(most, Math.max(0, room / side));
  return Math.min(most, Math.max(1, Math.floor((room / side) * dense)) / dense);
}

const SMALL = 96; // pixels: tiles below this are worth more room than even pixels

// The same, but never more than the room, and where whole factors would leave much of it empty to
// small tiles, as on a phone, any factor.
function fittingFactor(room, side, most) {
  const whole = wholeFactor(room, side, most);
  const exact = Math.min(most, room / side);
  const wasteful = whole * side < SMALL && whole < 0.75 * exact;
  return whole > exact || wasteful ? exact : whole;
}

// Gives all views of a grid the largest factor at which `columns` of them fit side by side.
function fitGrid(grid, views, columns, side, most, margin) {
  new ResizeObserver(() => {
    const gap = parseFloat(getComputedStyle(grid).columnGap) || 0;
    const box = getComputedStyle(grid.parentElement);
    const width = grid.parentElement.clientWidth - 2 * parseFloat(box.paddingLeft) - margin;
    const factor = fittingFactor((width + gap) / columns - gap, side, most);
    views.forEach((view) => view.scale(factor));
  }).observe(grid.parentElement);
}

// The parts of the page are separate components: events of the document go from one to another.

const showClip = (clip) => document.dispatchEvent(new CustomEvent("rwae-clip", { detail: clip }));

// The same with a clip of a model that the page does not show yet. Resolves to whether it came.
const showClipOf = (model, clip) => new Promise((told) =>
  document.dispatchEvent(new CustomEvent("rwae-open", { detail: { model, clip, told } })));

const whenClipIsShown = (signal, use) =>
  document.addEventListener("rwae-clip", (event) => use(event.detail), { signal });

const tellSpeed = (ms) => document.dispatchEvent(new CustomEvent("rwae-speed", { detail: ms }));

// The codes of the clip in Explore, cut to the length of the model's clips, and how many frames it
// has there; or an error, in words.
function exploredCodes({ frames, clips: [first] }) {
  const codes = document.querySelector(".rw-explore")?.codes;
  const fits = codes?.static.length === first.static.length &&
    codes.dynamic[0].length === first.dynamic[0].length;
  if (!fits) return { error: "Explore holds no clip of this model yet: try again in a moment." };
  const held = codes.dynamic.length;
  if (held < frames) {
    return { error: `The clip in Explore has ${held} frames, a swap needs ${frames}: make it ` +
      "longer there first." };
  }
  const cut = { static: [...codes.static], dynamic: codes.dynamic.slice(0, frames) };
  return { codes: cut, frames: held };
}
