"""Lets a character of an example clip move as in your own clip, by calling a running app.

    python app.py                                   # in one terminal
    python -m examples.client walk.mp4              # in another
    python -m examples.client walk.mp4 --who 3 --out walk.gif --app https://owner-name.hf.space

It needs nothing of this project, only `gradio_client`, which comes with Gradio.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path

import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError


def file_as_text(path: Path) -> str:
    """The content of a file as base64 text, which is how the app takes clips."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


def bytes_of_data_url(url: str) -> bytes:
    """The content of a data URL "data:image/gif;base64,..."."""
    return base64.b64decode(url.partition(",")[2])


def swap_by_app(address: str, clip: Path, who: int, picture: str) -> bytes:
    """Encodes a clip, swaps its static code for that of an example, and decodes the result.

    Args:
        address: of a running app.
        clip: a video, GIF or image strip, which gives the motion.
        who: number of the example, from 0 on, that gives the static code.
        picture: "webm", "gif" or "png".

    Raises:
        ValueError: if there is no such example.
    """
    app = Client(address, verbose=False, analytics_enabled=False)
    motion = app.predict(file_as_text(clip), api_name="/encode")["clips"][0]
    examples = app.predict(api_name="/examples")["clips"]
    if not 0 <= who < len(examples):
        raise ValueError(f"--who is {who}, and the last example is {len(examples) - 1}")
    swapped = app.predict(examples[who], motion, picture=picture, api_name="/swap")
    return bytes_of_data_url(swapped["picture"])


def main() -> int:
    """Reads the command line, calls the app and saves the new clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, help="a video, GIF or image strip")
    parser.add_argument("--who", type=int, default=0, help="number of the example, from 0 on")
    parser.add_argument(
        "--out", type=Path, default=Path("client.webm"), help=".webm, .gif or .png"
    )
    parser.add_argument("--app", default="http://127.0.0.1:7860", help="address of the app")
    options = parser.parse_args()
    if not options.app.startswith(("http://", "https://")):
        parser.error(f"--app is {options.app}: an address begins with http:// or https://")
    picture = options.out.suffix.lstrip(".").lower()
    try:
        options.out.write_bytes(swap_by_app(options.app, options.clip, options.who, picture))
    except httpx.ConnectError:
        print(
            f"No app answers at {options.app}: start one with `python app.py`, or name another "
            "with --app.",
            file=sys.stderr,
        )
        return 2
    except (AppError, OSError, ValueError, httpx.HTTPError) as error:
        print(f"The app could not swap the clips: {error}", file=sys.stderr)
        return 2
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
