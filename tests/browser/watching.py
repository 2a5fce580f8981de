"""What several tests of the Explore tab share: looking at requests and drawing in lanes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from serving import RunningApp
from visiting import Visit, close, visiting

EXPLORE = ".rw-explore"
CELLS = ".rw-explore .rw-filmstrip canvas"
LANES = "[data-part=motionmain]"


@contextmanager
def exploring(app: RunningApp, *, still: bool = False) -> Iterator[Visit]:
    """Opens the page of an app at the Explore tab; with `still`, nothing glides there."""
    with visiting(app) as visit:
        if still:
            visit.page.emulate_media(reduced_motion="reduce")
        visit.page.wait_for_selector(f"{LANES} .rw-point")
        yield visit


@contextmanager
def asked(visit: Visit) -> Iterator[list[dict]]:
    """Collects what the page asks the server to decode: {"clips": [...], "exact": bool}."""
    found: list[dict] = []

    def note(request) -> None:
        body = json.loads(request.post_data or "null") if "component_server" in request.url else {}
        data = (body or {}).get("data")
        if isinstance(data, dict) and "clips" in data and "exact" in data:
            found.append(data)

    visit.page.on("request", note)
    yield found
    visit.page.remove_listener("request", note)


def press(visit: Visit, name: str) -> None:
    """Presses a button of the Explore tab, and waits for the exact picture."""
    visit.page.locator(EXPLORE).get_by_role("button", name=name, exact=True).click()
    visit.rest(EXPLORE)


def start_anew(visit: Visit, example: int = 1) -> None:
    """Opens an example, counted from one, and waits until it rests."""
    visit.page.get_by_role("button", name=f"Example {example}", exact=True).click()
    visit.rest(EXPLORE)


def draw(visit: Visit, lane: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draws a straight line in a lane with the mouse; places are shares of its box."""
    field = visit.page.locator(f"{LANES} .rw-field").nth(lane)
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    visit.page.mouse.move(*points[0])
    visit.page.mouse.down()
    visit.page.mouse.move(*points[1], steps=4)
    visit.page.mouse.up()
    visit.rest(EXPLORE)


def moves(visit: Visit) -> torch.Tensor:
    """The coordinates (T, K) of the motion on the page, in the model's own main directions."""
    return visit.studio.dynamic_basis.coordinates(visit.codes("explore").dynamic[0])


def exact(visit: Visit) -> bool:
    """Whether the frames on the page are what the model makes of the codes on the page."""
    return close(visit.pixels(CELLS), visit.studio.decode(visit.codes("explore"))[0])


def same_motion(visit: Visit, dynamic: torch.Tensor) -> bool:
    held = visit.codes("explore").dynamic
    return held.shape == dynamic.shape and bool(np.allclose(held, dynamic, atol=1e-6))
