// Decodes no more than what changed. Where every frame is decoded on its own, a drag in a lane
// asks for the frames under the hand alone, and puts them into the picture that is there already.

// The frames in which two clips differ, null if all of the clip has to be decoded.
function changedFrames(before, after) {
  const alike = sameRow(before.static, after.static)
    && before.dynamic.length === after.dynamic.length;
  if (!alike) return null;
  const changed = [...after.dynamic.keys()].filter(
    (frame) => !sameRow(before.dynamic[frame], after.dynamic[frame]),
  );
  return changed.length < after.dynamic.length ? changed : null;
}

// The clip in a row of a sheet, with some of its frames replaced by those of a sheet of one row.
function patched({ codes, sheet, row }, frames, part) {
  const { side } = sheet;
  const length = codes.dynamic.length;
  const canvas = make("canvas", "", { width: length * side, height: side });
  const context = canvas.getContext("2d");
  const from = (image, x, y, width, at) =>
    context.drawImage(image, x, y, width, side, at, 0, width, side);
  from(sheet.image, 0, row * side, length * side, 0);
  frames.forEach((frame, n) => from(part.image, n * side, 0, side, frame * side));
  return new Sheet(canvas, side);
}

class Rendering {
  // decoded(clips, exact) asks the server; `apart` says whether each frame is decoded on its own.
  constructor(decoded, apart) {
    Object.assign(this, { decoded, apart, shown: null });
  }

  // What is on the page now: {codes, sheet, row}.
  keep(shown) {
    this.shown = shown;
  }

  // An answer with the sheet of the whole clip. An exact one is always decoded in one piece: how
  // many frames are computed together can turn the last digit of a pixel.
  async render(codes, exact) {
    const frames = exact || !this.apart ? null : changedFrames(this.shown.codes, codes);
    if (!frames) return this.decoded([codes], exact);
    const { shown } = this;
    if (!frames.length) return { sheet: shown.sheet, row: shown.row };
    const few = { static: codes.static, dynamic: frames.map((frame) => codes.dynamic[frame]) };
    const answer = await this.decoded([few], false);
    return answer.error ? answer : { sheet: patched(shown, frames, answer.sheet), row: 0 };
  }
}
