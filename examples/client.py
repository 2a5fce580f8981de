"""Lets somebody from an example clip move as in your own clip, by calling a running app.

    python app.py                                   # in one terminal
    python -m examples.client walk.mp4              # in another
    python -m examples.client walk.mp4 --who 3 --out walk.gif --app https://owner-name.hf.space

Needs nothing of this project but `gradio_client`, which comes with Gradio.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path

import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError


def as_text(path: Path) -> str:
    """A file as the text that the app takes: nothing is uploaded, and nothing is kept there."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


def as_bytes(address: str) -> bytes:
    """The picture in a data address, which is all of it after the comma."""
    return base64.b64decode(address.partition(",")[2])


def main() -> int:
    """Encodes a clip, gives its motion to somebody else, and saves the new clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, help="a video, GIF or image strip")
    parser.add_argument("--who", type=int, default=0, help="number of the example, from 0 on")
    parser.add_argument(
        "--out", type=Path, default=Path("client.webm"), help=".webm, .gif or .png"
    )
    parser.add_argument("--app", default="http://127.0.0.1:7860", help="address of the app")
    chosen = parser.parse_args()
    if not chosen.app.startswith(("http://", "https://")):
        parser.error(f"--app is {chosen.app}: an address begins with http:// or https://")
    try:
        app = Client(chosen.app, verbose=False, analytics_enabled=False)
        motion = app.predict(as_text(chosen.clip), api_name="/encode")["clips"][0]
        people = app.predict(api_name="/examples")["clips"]
        if not 0 <= chosen.who < len(people):
            raise ValueError(f"--who is {chosen.who}, and the last example is {len(people) - 1}")
        who = people[chosen.who]
        kind = chosen.out.suffix.lstrip(".").lower()
        swapped = app.predict(who, motion, picture=kind, api_name="/swap")
        chosen.out.write_bytes(as_bytes(swapped["picture"]))
    except httpx.ConnectError:
        print(
            f"No app answers at {chosen.app}: start one with `python app.py`, or name another "
            "with --app.",
            file=sys.stderr,
        )
        return 2
    except (AppError, OSError, ValueError, httpx.HTTPError) as error:
        print(f"It did not work: {error}", file=sys.stderr)
        return 2
    print(f"wrote {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
