"""The floor: raw pixels over a plain route, drawn on canvases, and nothing around it.

python -m rwae.benchmark.live.floor checkpoints/sprites --port 7862
"""

from __future__ import annotations

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from rwae.benchmark.live.task import Task, parse

PAGE = """<!doctype html><title>The floor</title>
<input type="range" min="-3" max="3" step="0.01" value="0"><div></div>
<script>
const side = SIDE, frames = FRAMES;
const canvases = Array.from({ length: frames }, () => {
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
    canvases.forEach((context, n) => context.putImageData(new ImageData(
      bytes.subarray(n * side * side * 4, (n + 1) * side * side * 4), side), 0, 0));
  }
  running = false;
}
const input = document.querySelector("input");
input.addEventListener("input", () => { next = input.value; run(); });
next = 0;
run();
</script>"""


def build(task: Task) -> Starlette:
    """A page with a slider and canvases, and a route that answers with RGBA bytes."""
    frames, side = task.clip(0.0).shape[:2]
    page = PAGE.replace("SIDE", str(side)).replace("FRAMES", str(frames))

    def decode(request: Request) -> Response:
        clip = task.clip(float(request.query_params["amount"]))
        alpha = np.full((*clip.shape[:3], 1), 255, np.uint8)
        return Response(np.concatenate([clip, alpha], -1).tobytes())

    def index(_request: Request) -> HTMLResponse:
        return HTMLResponse(page)

    return Starlette(routes=[Route("/", index), Route("/decode", decode)])


def main() -> None:
    options = parse()
    uvicorn.run(build(Task(options)), port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
