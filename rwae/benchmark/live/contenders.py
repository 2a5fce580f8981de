"""Three pages that do the same: ours, the usual way, and the floor."""

from __future__ import annotations

from dataclasses import dataclass

_SLIDER = "input[type=range]"


@dataclass(frozen=True)
class Contender:
    """A page with a slider and a clip, whose first frame is looked at.

    Attributes:
        title: its column in the table.
        program: what `python` runs to serve it, before the checkpoint.
        slider: selector of the slider.
        picture: selector of what shows a frame: a canvas or a video.
        last: selector of what shows the frame that is drawn last, maybe at the end of a row.
        still: a script that stops at the first frame what moves by itself.
        waiting: whether the page shows no clip before the slider is moved.
        exact: whether the last picture has to be right to the last digit but one.
    """

    title: str
    program: tuple[str, ...]
    slider: str
    picture: str
    last: str
    still: str = ""
    exact: bool = True
    waiting: bool = False


CONTENDERS = (
    Contender(
        "this app",
        ("app.py", "--model"),
        ".rw-knob input",
        ".rw-explore [data-part=edited]",
        ".rw-explore .rw-filmstrip canvas",
        "document.querySelector('.rw-explore .rw-cell').click()",
    ),
    Contender(
        "gr.Slider to gr.Video",
        ("-m", "rwae.benchmark.live.usual"),
        _SLIDER,
        "video",
        "video",
        exact=False,
        waiting=True,
    ),
    Contender(
        "raw RGBA, plain route",
        ("-m", "rwae.benchmark.live.floor"),
        _SLIDER,
        "canvas",
        "canvas:last-of-type",
    ),
)
