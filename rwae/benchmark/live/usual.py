"""The usual way to make a slider render a clip: gr.Slider.change to gr.Video.

python -m rwae.benchmark.live.usual checkpoints/sprites --port 7861
"""

from __future__ import annotations

import tempfile

import gradio as gr

from rwae.benchmark.live.task import Task, parse
from rwae.files import video


def build(task: Task) -> gr.Blocks:
    """A slider on the first direction of who, and the clip as a video below it."""

    def render(amount: float) -> str:
        data = video.encode_video(task.clip(amount), "webm", fps=8, scale=1)
        with tempfile.NamedTemporaryFile(suffix=".webm", delete=False) as file:
            file.write(data)
        return file.name

    with gr.Blocks(analytics_enabled=False) as page:
        slider = gr.Slider(-3, 3, 0, step=0.01, label="Look 1")
        clip = gr.Video(height=256)
        slider.change(render, slider, clip, show_progress="hidden")
    return page


def main() -> None:
    options = parse()
    build(Task(options)).launch(server_port=options.port, ssr_mode=False)


if __name__ == "__main__":
    main()
