"""Downloads the files of a data set and checks them; whole files are kept.

    python -m rwae.data.download sprites --out data/sprites      # 25 sprite sheets, 0.5 MB
    python -m rwae.data.download mnist --out data/mnist          # four IDX files, 12 MB
    python -m rwae.data.download weizmann --out data/weizmann    # 72 recordings, 36 MB
    python -m rwae.data.download lpc --out data/lpc              # layers of characters, 3 MB

All come from fixed addresses, those of GitHub at a fixed commit. Their licences: the sprite
sheets and the layers, from the Liberated Pixel Cup, CC-BY-SA 3.0 or GPL 3.0; MNIST, CC-BY-SA 3.0;
Weizmann, for research, ask its authors before you distribute it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.client
import io
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import quote

from tqdm import tqdm

from rwae.errors import DataError, RWAEError
from rwae.files.checkpoint import atomic

ADDRESSES = {
    "sprites": "https://raw.githubusercontent.com/YingzhenLi/Sprites/"
    "3ce4048c5227802bd8f1888e293fd3afdba91c0c",
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist",
    "weizmann": "https://raw.githubusercontent.com/sergeytulyakov/mocogan/"
    "937a99de73a3385fe0c0d1cde65dfa8a2c4177ec/data/actions",
    "lpc": "https://raw.githubusercontent.com/jrconway3/Universal-LPC-spritesheet/"
    "2668274d5a96c91584172f2d299b90f0a8c0caac",
}
CHECKSUMS = Path(__file__).parent / "checksums"
ANSWER_TIMEOUT = 30.0  # seconds without an answer
MAX_DOWNLOAD_BYTES = 64 << 20  # of one file, compressed and uncompressed


def checksums(name: str) -> dict[str, str]:
    """The files of a data set, each with its `checksum`, by the path below its folder."""
    lines = (CHECKSUMS / f"{name}.sha256").read_text("utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def checksum(name: str, content: bytes) -> str:
    """SHA-256 of the content of a file, after decompression if it is a .gz file.

    So it does not depend on the program that compressed the file. A file that cannot be
    decompressed, or has more than `MAX_DOWNLOAD_BYTES` then, has the checksum "".
    """
    try:
        if name.endswith(".gz"):
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(MAX_DOWNLOAD_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return ""
    if len(content) > MAX_DOWNLOAD_BYTES:
        return ""
    return hashlib.sha256(content).hexdigest()


def is_intact(path: Path, expected: str) -> bool:
    """Whether a file is there and has this checksum."""
    return path.is_file() and checksum(path.name, path.read_bytes()) == expected


def fetch_file(address: str, path: Path, expected: str, timeout: float = ANSWER_TIMEOUT) -> None:
    """Downloads one file; it is written only if it has the right checksum.

    Raises:
        DataError: if the server cannot be reached, has no such file, or sends another one.
    """
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:
            content = answer.read(MAX_DOWNLOAD_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise DataError(
            f"The server answered {error.code} ({error.reason}) for {address}: "
            "try again later, or fetch the file by hand."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"The file {address} could not be fetched ({reason}): check the network and run the "
            "same command again; whole files are kept."
        ) from error
    if checksum(path.name, content) != expected:
        raise DataError(
            f"The file from {address} is damaged or has changed: its checksum is not the "
            "expected one. Run the same command again."
        )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def download(
    folder: Path, address: str, files: dict[str, str], timeout: float = ANSWER_TIMEOUT
) -> int:
    """Completes a folder with all files of a data set; intact files in it are kept.

    Args:
        folder: is made if it is missing.
        address: of the folder on the server, without a slash at the end.
        files: the `checksum` of each file, by its path below both folders.
        timeout: seconds to wait for an answer.

    Returns:
        The number of files that were fetched.

    Raises:
        DataError: if a file cannot be fetched or written, or is not the expected one.
    """
    missing = [name for name, expected in files.items() if not is_intact(folder / name, expected)]
    for name in tqdm(missing, desc="download", unit="file", disable=not missing):
        try:
            fetch_file(f"{address}/{quote(name)}", folder / name, files[name], timeout)
        except OSError as error:
            raise DataError(
                f"The file {folder / name} cannot be written ({error.strerror}): "
                "name another folder with --out."
            ) from error
    return len(missing)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.data.download",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", choices=ADDRESSES)
    parser.add_argument("--out", type=Path, help="folder; data/DATASET by default")
    options = parser.parse_args(arguments)
    folder = options.out or Path("data") / options.dataset
    files = checksums(options.dataset)
    try:
        fetched = download(folder, ADDRESSES[options.dataset], files)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(files)} files are in {folder}, {fetched} of them fetched just now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
