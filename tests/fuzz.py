"""Looks for content that breaks what reads it, guided by the coverage of its code.

    python -m pip install atheris
    python tests/fuzz.py --seconds 600

shares the time among all targets; `python tests/fuzz.py clips --seconds 60` tries one. What
breaks a target ends it and is kept in the folder `--out`, beside the content that reached new
code, from which the next search begins. An error that the package raises on purpose breaks
nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DECODER = ROOT / "rwae/files/video/decoder"
LIMITS = ("-timeout=25", "-rss_limit_mb=3000", "-verbosity=0", "-print_final_stats=1")
Target = Callable[[bytes], None]


def fuzz_clips(_out: Path) -> Target:
    """The decoder: what it answers, and how the app reads that."""
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    sys.path.insert(0, str(DECODER))
    modules = [path.stem for path in DECODER.glob("[!_]*.py")]
    with atheris.instrument_imports(include=["decoder", *modules]):
        spec = importlib.util.spec_from_file_location("decoder", DECODER / "__main__.py")
        decoder = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(decoder)
    # As much memory as the decoder may take, beside what this process has.
    import limits

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + limits.MAX_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    from rwae.files.video import decoding

    def decode(content: bytes, thin: bool, still: bool) -> None:
        job = {"seconds": 4, "first": None, "last": None, "thin": thin, "still": still}
        answer = io.BytesIO()
        decoder.answer(answer, job | {"max_frames": 128}, content)
        answer.seek(0)
        app = decoding.DecoderProcess.__new__(decoding.DecoderProcess)
        app._output = answer
        records = list(app._records(300))
        if thin:
            decoding._make_footage(records, 0)
        elif not still:
            decoding._join(records)

    def read(content: bytes) -> None:
        for thin, still in ((True, False), (False, False), (False, True)):
            attempt(partial(decode, content, thin, still))

    return read


def fuzz_codes(_out: Path) -> Target:
    """Saved codes, and the galleries of checkpoints."""
    from rwae.files.codes_file import unpack_codes, unpack_saved_codes

    def read(content: bytes) -> None:
        for unpack in (
            lambda: unpack_saved_codes(content, "sprites", "0" * 16),
            lambda: unpack_codes(content, max_bytes=2**20, max_clips=99),
        ):
            attempt(unpack, ValueError)

    return read


def fuzz_checkpoints(out: Path) -> Target:
    """A folder whose configuration, card and weights are what came, the one or the other."""
    from rwae.files import card, checkpoint, domain

    folder = out / "checkpoint"
    folder.mkdir(exist_ok=True)

    def read(content: bytes) -> None:
        for name in ("config.json", "model.safetensors", "README.md", "domain.json"):
            (folder / name).write_bytes(content)
        attempt(lambda: checkpoint.read_config(folder))
        attempt(lambda: checkpoint.weights_digest(folder))
        attempt(lambda: card.read_card(folder, "name"))
        attempt(lambda: domain.read_domain(folder, "0" * 16))

    return read


def fuzz_links(_out: Path) -> Target:
    """Names of models, and the choices and codes of a request."""
    from conftest import TINY

    from rwae.files.hub.names import parse_source
    from rwae.ui import payloads

    def read(content: bytes) -> None:
        text = content.decode(errors="replace")
        attempt(lambda: parse_source(text), OSError)
        attempt(lambda: payloads.requested_choices(SimpleNamespace(data={"choices": text})))
        attempt(lambda: payloads.decode_base64(text))
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        attempt(lambda: payloads.codes_from_json(value, TINY))
        attempt(lambda: payloads.requested_model(value))

    return read


TARGETS = {
    "clips": fuzz_clips,
    "codes": fuzz_codes,
    "checkpoints": fuzz_checkpoints,
    "links": fuzz_links,
}


def attempt(read: Callable[[], Any], *expected: type[Exception]) -> None:
    """Reads something, which may be refused in words or by an error that is documented."""
    from rwae.errors import RWAEError

    try:
        read()
    except (RWAEError, *expected):
        pass


def write_seeds(target: str, folder: Path) -> None:
    """Honest content, from which the search begins."""
    from clip_files import animation, greys, jpeg, matroska, movie, square, track_flag, two_tracks
    from conftest import TINY

    from rwae.files.codes_file import pack_codes

    if target == "clips":
        for path in (ROOT / "tests/clips").glob("*.*"):
            (folder / path.name).write_bytes(path.read_bytes())
        for name, code in (("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.webm", "VP90")):
            movie(folder / name, square(4), code)
        for kind in (".gif", ".webp", ".png"):
            animation(folder / f"moving{kind}", greys(4), [100] * 4)
        matroska(folder / "a.mkv", [jpeg(frame) for frame in greys(4)], range(0, 400, 100))
        (folder / "b.mkv").write_bytes(two_tracks(greys(4), greys(4), track_flag("88", 0)))
        return
    codes = Codes(torch.zeros(2, TINY.static_size), torch.zeros(2, 4, TINY.dynamic_size))
    clips = [{"static": [0.5] * TINY.static_size, "dynamic": [[0.5] * TINY.dynamic_size] * 4}]
    seeds = {
        "codes": [pack_codes(codes, "sprites", "0" * 16)],
        "checkpoints": [
            json.dumps(TINY.to_dict()).encode(),
            pack_codes(codes, "sprites", "0" * 16),
            *(path.read_bytes() for path in ROOT.glob("checkpoints/*/README.md")),
            *(path.read_bytes() for path in ROOT.glob("checkpoints/*/domain.json")),
        ],
        "links": [
            b"someone/model@main",
            json.dumps(clips).encode(),
            b'{"first": 1, "last": 9, "fit": true, "box": [0, 0, 1, 1]}',
            b"data:image/png;base64,AAAA",
        ],
    }
    for number, content in enumerate(seeds[target]):
        (folder / str(number)).write_bytes(content)


def run_target(target: str, seconds: int, out: Path) -> int:
    """Tries one target in this process, which libFuzzer ends."""
    corpus = out / target
    corpus.mkdir(exist_ok=True)
    write_seeds(target, corpus)
    read = TARGETS[target](out)
    arguments = [f"-max_total_time={seconds}", f"-artifact_prefix={out}/{target}-", *LIMITS]
    atheris.Setup([sys.argv[0], str(corpus), *arguments], read)
    atheris.Fuzz()
    return 0


def main() -> int:
    """The command line; the exit status says whether something broke."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("target", nargs="?", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"))
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if options.target:
        return run_target(options.target, options.seconds, out)
    share = max(1, options.seconds // len(TARGETS))
    failed = [
        target
        for target in TARGETS
        if subprocess.run(
            [sys.executable, __file__, target, "--seconds", str(share), "--out", str(out)]
        ).returncode
    ]
    print(f"Broken: {', '.join(failed) or 'nothing'}; what broke them is in {out}.")
    return bool(failed)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import atheris
    import torch

    with atheris.instrument_imports(include=["rwae"]):
        from rwae import Codes
        from rwae.ui import payloads  # noqa: F401 - what is imported here is instrumented

    sys.exit(main())
