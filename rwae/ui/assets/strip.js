// The frames of a camera, as one exact picture.

const WIDEST = 16384; // pixels: some browsers draw nothing on a wider canvas
const FINER = 4; // times the model's size: the server shrinks better than some browsers do

// Square frames side by side, cut out of the middle of what a video shows.
class Strip {
  constructor(video, frames, side, mirrored) {
    const { videoWidth: width, videoHeight: height } = video;
    const cut = Math.min(width, height);
    const times = Math.min(FINER, Math.floor(cut / side), Math.floor(WIDEST / (frames * side)));
    Object.assign(this, { video, frames, side, mirrored, width, height, cut });
    this.size = side * Math.max(1, times);
    this.canvas = make("canvas", "", { width: frames * this.size, height: this.size });
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.context.imageSmoothingQuality = "high";
  }

  add(n) {
    const { context, video, width, height, cut, size } = this;
    const [left, top] = [(width - cut) / 2, (height - cut) / 2];
    const sign = this.mirrored ? -1 : 1;
    context.setTransform(sign, 0, 0, 1, (n + (this.mirrored ? 1 : 0)) * size, 0);
    context.drawImage(video, left, top, cut, cut, 0, 0, size, size);
  }

  async file() {
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/png"));
    return new File([blob], "camera.png", { type: "image/png" });
  }

  rule(seconds) {
    return `${this.frames} frames in ${seconds} seconds, the middle square of ` +
      `${this.width} x ${this.height}${this.mirrored ? ", mirrored" : ""}, as ` +
      `${this.side} x ${this.side}.`;
  }
}
