"""Starts the app: reads the command line, loads the models, builds the page and serves it.

`python app.py`, `gradio app.py` and the command `rwae-studio` all start here.
"""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata

# Before gradio is imported: it would otherwise report to its makers when it starts.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Gradio's queue would compute statistics of the last 10,000 calls after each call, for a page that
# is closed here.
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)

from rwae.errors import RWAEError
from rwae.runtime import return_freed_memory, serve_with_one_thread, without_proxies

with without_proxies():  # Gradio makes an HTTP client, which fails at one of SOCKS
    import gradio as gr
    from gradio.exceptions import ServerFailedToStartError

from rwae.files import installation
from rwae.ui import housekeeping, page
from rwae.ui.loaded_models import (
    MODELS_VARIABLE,
    SHARE_VARIABLE,
    SHARES,
    load_models,
    requested_sources,
)

EPILOG = """examples:
  %(prog)s                                     every model that came with the app
  %(prog)s --model runs/mine                   this one alone; again for another beside it
  %(prog)s --model owner/name@v2 --port 8080   one from the Hugging Face Hub
  %(prog)s --mcp                               for language models as well
"""


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        models: folders of checkpoints and Hub ids; empty for those that came with the app.
        host: address to listen at.
        port: port to listen at; None for GRADIO_SERVER_PORT or 7860, or the next that is free.
        device: "cuda", "mps" or "cpu"; None for the fastest.
        mcp: whether to offer the endpoints by the Model Context Protocol as well.
        share: whose weights visitors may have; see `rwae.ui.loaded_models.SHARES`.
        public_link: whether Gradio's servers pass on what visitors send from anywhere.
    """

    models: tuple[str, ...]
    host: str
    port: int | None
    device: str | None
    mcp: bool
    share: str
    public_link: bool = False


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Reads the command line, and from the environment what it leaves open.

    Args:
        arguments: words of the command line; those of this process by default.
    """
    parser = argparse.ArgumentParser(
        description="Opens R-WAE Studio: change who a clip shows, or how it moves, live.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        action="append",
        help="folder of a checkpoint, or a Hub id, owner/name or owner/name@revision; may be "
        "given several times, the first is shown first; by default those that the variable "
        f"{MODELS_VARIABLE} names, or every model that came with the app",
    )
    parser.add_argument(
        "--host",
        default=_default_host(),
        help="IPv4 or IPv6 address to listen at; by default that of the variable "
        "GRADIO_SERVER_NAME, or this machine alone",
    )
    parser.add_argument(
        "--port",
        type=int,
        help="port to listen at; by default the first that is free, from that of the variable "
        "GRADIO_SERVER_PORT or 7860 on",
    )
    parser.add_argument("--device", help="cuda, mps or cpu; the fastest by default")
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="offer the endpoints to language models too, by the Model Context Protocol",
    )
    parser.add_argument(
        "--share",
        action="store_true",
        help="also open the app at a public address for up to a week; Gradio's servers then pass "
        "on all that visitors send",
    )
    parser.add_argument(
        "--share-weights",
        choices=SHARES,
        default=os.environ.get(SHARE_VARIABLE, SHARES[0]),
        help="whose weights go to the browsers of visitors, which then decode by themselves: of "
        "all models but private ones of the Hub (public, the default), of all, or of none; also "
        f"by the variable {SHARE_VARIABLE}",
    )
    read = parser.parse_args(arguments)
    if read.share_weights not in SHARES:  # argparse does not check a default
        parser.error(f"the variable {SHARE_VARIABLE} needs to be one of {', '.join(SHARES)}")
    models = tuple(requested_sources(read.model))
    return Options(
        models, read.host, read.port, read.device, read.mcp, read.share_weights, read.share
    )


def prepare_process() -> None:
    """Sets up the log, the folder for temporary files, the memory, and an orderly end by SIGTERM.

    This has to come before `build_demo`, as Gradio's components remember where temporary files
    go. `gradio app.py` runs app.py again in another thread after each change of a file; there is
    nothing left to set up then, and Python allows signal handlers in the main thread alone.
    """
    if not _in_main_thread():
        return
    signal.signal(signal.SIGTERM, _end)
    housekeeping.start()
    return_freed_memory()


def build_demo(options: Options) -> gr.Blocks:
    """Loads the models and builds the page around them.

    Raises:
        RWAEError: if a model does not load, the device is not there, or a package is missing.
    """
    if options.mcp:
        _offer_tools()
    serve_with_one_thread(options.device)
    shipped = installation.checkpoints()
    models = load_models(options.models, shipped, options.device, options.share)
    return page.build_page(models, mcp=options.mcp)


def serve(demo: gr.Blocks, options: Options) -> None:
    """Serves the page until the process is stopped.

    Raises:
        RWAEError: if the address cannot be used.
    """
    # Gradio wants an IPv6 address in brackets, as it stands in a URL.
    host = f"[{options.host}]" if ":" in options.host else options.host
    try:
        _check_address(options.host, options.port)
        with without_proxies():
            demo.launch(
                server_name=host,
                server_port=options.port,
                mcp_server=options.mcp,
                share=options.public_link,
                **page.launch_settings(demo),
            )
    except (OSError, OverflowError, ServerFailedToStartError) as error:
        port = "any free port" if options.port is None else f"port {options.port}"
        raise RWAEError(
            f"The address {options.host} with {port} cannot be used "
            f"({type(error).__name__}): name another with --host or --port."
        ) from error


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Ends the program with a sentence and code 2 in place of a traceback, at an `RWAEError`.

    The reloader of `gradio app.py` runs in another thread and shows errors itself.
    """
    try:
        yield
    except RWAEError as error:
        if not _in_main_thread():
            raise
        print(error, file=sys.stderr)
        sys.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the app; this is the command `rwae-studio`.

    Args:
        arguments: words of the command line; those of this process by default.
    """
    with exit_on_error():
        options = parse_options(arguments)
        prepare_process()
        serve(build_demo(options), options)


def _end(*_: object) -> None:
    """Ends the process at once: a container is stopped by SIGTERM, and killed soon afterwards.

    What has to be tidied up is. Threads are not waited for, and PyTorch is not taken apart, which
    alone would take a second.
    """
    atexit._run_exitfuncs()
    with suppress(RuntimeError):  # the signal came while this was written
        sys.stdout.flush()
    os._exit(0)


def _default_host() -> str:
    """Where Gradio would listen; a Space, which has no command line, listens to everyone."""
    return os.environ.get("GRADIO_SERVER_NAME") or (
        "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"
    )


def _check_address(host: str, port: int | None) -> None:
    """Listens for a moment: Gradio waits 5 seconds at each of up to 100 ports of a bad address.

    Raises:
        OSError: if the host is not this machine, or the port is taken.
        OverflowError: if there is no port of this number.
    """
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)


def _offer_tools() -> None:
    """Prepares for the Model Context Protocol, before any model is loaded.

    Raises:
        RWAEError: if its package is not there.
    """
    if importlib.util.find_spec("mcp") is None:
        raise RWAEError(
            "The option --mcp needs one more package: install it with pip install "
            f"'gradio[mcp]=={metadata.version('gradio')}'."
        )
    from rwae.ui import tools  # which needs the package

    tools.offer()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
