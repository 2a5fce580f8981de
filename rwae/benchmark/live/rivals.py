"""Two pages that this app is compared with; both move the same clip by the same slider.

    python -m rwae.benchmark.live.rivals video checkpoints/sprites    # gr.Slider to gr.Video
    python -m rwae.benchmark.live.rivals raw checkpoints/sprites      # RGBA over a plain route

The first is the usual way to do this in Gradio. The second does nothing but decode, send and draw:
it is close to the best that any page can do.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import gradio as gr
import numpy as np
import torch
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from rwae.editing.directions import sweep_static
from rwae.editing.studio import Studio
from rwae.files import video
from rwae.runtime import serve_with_one_thread

RAW_HTML = """<!doctype html><title>Raw pixels</title>
<input type="range" min="-3" max="3" step="0.01" value="0"><div></div>
<script>
const side = SIDE, frames = FRAMES;
const contexts = Array.from({ length: frames }, () => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  document.querySelector("div").append(canvas);
  return canvas.getContext("2d", { willReadFrequently: true });
});
let next = null, running = false;
async function run() {
  if (running) return;
  running = true;
  while (next !== null) {
    const value = next;
    next = null;
    const answer = await fetch(`/decode?amount=${value}`);
    const bytes = new Uint8ClampedArray(await answer.arrayBuffer());
    contexts.forEach((context, n) => context.putImageData(new ImageData(
      bytes.subarray(n * side * side * 4, (n + 1) * side * side * 4), side), 0, 0));
  }
  running = false;
}
const input = document.querySelector("input");
input.addEventListener("input", () => { next = input.value; run(); });
next = 0;
run();
</script>"""


class SliderClip:
    """The first example of a model, and the direction of its static code that a slider moves."""

    def __init__(self, checkpoint: str | Path, device: str | None) -> None:
        serve_with_one_thread(device)  # as the app does
        self.studio = Studio.load(checkpoint, device)

    def render(self, amount: float) -> np.ndarray:
        """The clip with its first static coordinate at `amount` standard deviations.

        Returns:
            Bytes with shape (T, H, W, 3).
        """
        example, basis = self.studio.examples[[0]], self.studio.static_basis
        here = basis.coordinates(example.static)[0, 0]
        codes = sweep_static(example, basis, 0, torch.tensor([amount]) - here)
        clip: np.ndarray = self.studio.decode(codes)[0]
        return clip


def video_page(clip: SliderClip) -> gr.Blocks:
    """A gr.Slider, and below it a gr.Video of the clip that each change renders."""

    def render(amount: float) -> str:
        data = video.encode_video(clip.render(amount), "webm", fps=8, scale=1)
        with tempfile.NamedTemporaryFile(suffix=".webm", delete=False) as file:
            file.write(data)
        return file.name

    page = gr.Blocks(analytics_enabled=False)
    with page:
        slider = gr.Slider(-3, 3, 0, step=0.01, label="Direction 1")
        player = gr.Video(height=256)
        slider.change(render, slider, player, show_progress="hidden")
    return page


def raw_page(clip: SliderClip) -> Starlette:
    """A slider and a canvas for each frame, and a route that answers with RGBA bytes."""
    frames, side = clip.render(0.0).shape[:2]
    html = RAW_HTML.replace("SIDE", str(side)).replace("FRAMES", str(frames))

    def decode(request: Request) -> Response:
        pixels = clip.render(float(request.query_params["amount"]))
        alpha = np.full((*pixels.shape[:3], 1), 255, np.uint8)
        return Response(np.concatenate([pixels, alpha], -1).tobytes())

    def index(_request: Request) -> HTMLResponse:
        return HTMLResponse(html)

    return Starlette(routes=[Route("/", index), Route("/decode", decode)])


def main() -> None:
    """Serves one of the two pages until it is stopped."""
    parser = argparse.ArgumentParser("python -m rwae.benchmark.live.rivals")
    parser.add_argument("page", choices=("video", "raw"))
    parser.add_argument("checkpoint")
    parser.add_argument("--port", type=int, default=7861)
    parser.add_argument("--device")
    options = parser.parse_args()
    clip = SliderClip(options.checkpoint, options.device)
    if options.page == "video":
        video_page(clip).launch(server_port=options.port, ssr_mode=False)
    else:
        uvicorn.run(raw_page(clip), port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
