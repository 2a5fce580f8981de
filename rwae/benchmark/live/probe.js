// Watches the pictures of a page while its slider moves. The benchmark adds this script to each
// page before the page's own scripts, calls installProbe once and then the functions of `probe`.
// slider, picture, last: selectors of the slider, of what shows the first frame, and of what shows
// the frame that is drawn last. side: height and width of a frame, in pixels.
window.installProbe = ({ slider, picture, last, side }) => {
  const LONGEST = 15000; // milliseconds to wait for another picture
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const nextFrame = () => new Promise(requestAnimationFrame);

  // The RGBA bytes of a canvas or video, or null if it shows nothing yet. Of a row of frames, those
  // of the last one.
  function pixels(selector = picture) {
    const shown = document.querySelector(selector);
    if (!shown || (shown.tagName === "VIDEO" && shown.readyState < 2)) return null;
    const edge = shown.videoHeight || shown.height;
    const left = (shown.videoWidth || shown.width) - edge;
    context.drawImage(shown, left, 0, edge, edge, 0, 0, side, side);
    return context.getImageData(0, 0, side, side).data;
  }

  // A hash of the picture; `before` while a video is being loaded.
  function hash(before, selector = picture) {
    const data = pixels(selector);
    if (!data) return before;
    let sum = 0;
    for (let n = 0; n < data.length; n += 1) sum = (Math.imul(sum, 31) + data[n]) | 0;
    return sum;
  }

  // Whether there is a picture that is not black.
  function shown() {
    return pixels()?.some((value, n) => n % 4 < 3 && value > 0) ?? false;
  }

  // Moves the slider; `done` also releases it.
  function set(value, done) {
    const input = document.querySelector(slider);
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (done) input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // The milliseconds from a move of the slider to another picture, of the first frame or of the
  // one that is drawn last; null if none comes.
  async function latency(value, whole) {
    const selector = whole ? last : picture;
    const before = hash(0, selector);
    const start = performance.now();
    set(value, true);
    while (hash(before, selector) === before) {
      if (performance.now() - start > LONGEST) return null;
      await nextFrame();
    }
    return performance.now() - start;
  }

  // Waits until the picture has been the same for some milliseconds.
  async function rest(quiet) {
    let seen = hash(0);
    let since = performance.now();
    while (performance.now() - since < quiet) {
      await nextFrame();
      const now = hash(seen);
      if (now !== seen) [seen, since] = [now, performance.now()];
    }
  }

  // Moves the slider once for each frame of the screen, and counts the different pictures.
  async function drag(seconds) {
    let seen = hash(0);
    let pictures = 0;
    let value = 0;
    const start = performance.now();
    for (let now = start; now - start < 1000 * seconds; now = performance.now()) {
      value = Number((2.8 * Math.sin((now - start) / 400)).toFixed(2));
      set(value, false);
      await nextFrame();
      const found = hash(seen);
      if (found !== seen) [seen, pictures] = [found, pictures + 1];
    }
    set(value, true);
    return { pictures, value };
  }

  window.probe = { pixels, shown, set, latency, rest, drag };
};
