"""Fetches the files of a data set, checks them, and goes on where it stopped.

    python -m rwae.data.download sprites --out data/sprites

The sprite sheets come from the Liberated Pixel Cup by way of the benchmark's own repository, at a
fixed commit, and are under CC-BY-SA 3.0 or GPL 3.0.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from rwae.checkpoint import atomic
from rwae.errors import DataError, RWAEError

SPRITES_ADDRESS = (
    "https://raw.githubusercontent.com/YingzhenLi/Sprites/3ce4048c5227802bd8f1888e293fd3afdba91c0c"
)
TIMEOUT = 30.0  # seconds without an answer
LARGEST = 1 << 20  # bytes of one file; the largest sheet has 34 kB

# SHA-256 of every sheet that the benchmark uses.
SPRITES_FILES = {
    "body/0.png": "27d1ac78db37c42f35a20d15c42705efc5e58d47c236cc01423879d4f797f151",
    "body/1.png": "1535e9228357b884df80f777a0d1dac10ac35e550e4d8d077105ccad014a1460",
    "body/2.png": "7c241033b4897501cb3721b6c3a9ebfa94b13db10a539edbd9bcc3e0c2a4bcb9",
    "body/3.png": "055f5aa33fc112d8444b42fce2cf50608a9fbbf2466c54ceaa46c777589a717a",
    "body/4.png": "57f3b9c510482379aba9a32fc0de7d48e9cbe3dc40f2447283547f773b77ca72",
    "body/5.png": "91e49453aeab5ebbb4fd2b48253812895dcfb4cb1829b84e24425c66de8f04ff",
    "bottomwear/0.png": "4ec356c488e272fde2d2d0d722b12a80217871e41161d43ba784caf243969ec2",
    "bottomwear/1.png": "0674312eaa4ab548f8bb31ef95d7dbd46b41555758cec51bd6c3e9fac9a0f936",
    "bottomwear/2.png": "3b464feb0d20ff34b0ca2a6d1fd00766ad86e2229c3d56ff91379fe27588a893",
    "bottomwear/3.png": "b366e84ea0519d06cf693f51e0ee2f9ac32b3132d27c75dfdc4b6f52fca072de",
    "bottomwear/4.png": "4ed7e7702e4f50b9692c0043be04b7296a108d85ea97230fb50d13c150d98771",
    "bottomwear/5.png": "a5c5e7e33f13fe5ad37b5836a5a74fb0d2094a0877c2146961b88688ff85840d",
    "topwear/0.png": "b917edcf2b3c35d51ef57a6fad67557c5edf048785bea29db09a640d09ac9a90",
    "topwear/1.png": "e33c6cb31ed1268a2c0dc73b665b1c9b9420e22baf3321880222bdb22682368b",
    "topwear/2.png": "2b9b8fefa08894b7ea536cd62b86d494aefe6e54495c5c1d83460827b13b6448",
    "topwear/3.png": "807f5b628592f6747e2814be9435963069dba6c360577168c02f57bbe903433d",
    "topwear/4.png": "b51b17878503877e179ce4f9231713bf2b2d2d666c3ec9ee29f4e784469867a2",
    "topwear/5.png": "1b6049d43f83ebfda857cc405d1936ac9fd80be480fa6ad239024a6a75ad0372",
    "hair/0.png": "e4007b0635a239ad16cdebfe90759349ccc73dfc6836c9d19625714be185f43d",
    "hair/1.png": "fa6369f84d3310705df6d8ca8c9d515a7d211e73d2826c50a9cb5bb285652c66",
    "hair/2.png": "1b8046752be7233e829ebe9b11048e171d8d181ee6f68e07042b34f57bb8af0d",
    "hair/3.png": "333783285c5fd94ff434ae5000d2da39aac7940269f173119eaa70d34c8acfa1",
    "hair/4.png": "24df8e9b291cbd444f6c4d12d35b3d43d909cd13f04e6401e0fd8ab10216d5a2",
    "hair/5.png": "4dd471cc20e0b1cf71adcaab01c88598767e5cfe680adacdf560ca91574f17ae",
    "shoes/1.png": "d56a561616a20a12030d2d40a52eeec63e6d048871bf3b6994221869362151f1",
}


def good(path: Path, checksum: str) -> bool:
    """Whether a file is there and has this SHA-256."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == checksum


def fetch(address: str, path: Path, checksum: str, timeout: float = TIMEOUT) -> None:
    """Downloads one file; nothing is left behind unless it has the right SHA-256.

    Raises:
        DataError: if the server cannot be reached, has no such file, or sends another one.
    """
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:
            content = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        raise DataError(
            f"The server answered {error.code} ({error.reason}) for {address}: "
            "try again later, or fetch the file by hand."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"The file {address} could not be fetched ({reason}): check the network and run the "
            "same command again; finished files are kept."
        ) from error
    if hashlib.sha256(content).hexdigest() != checksum:
        raise DataError(
            f"The file from {address} is damaged or has changed: its checksum is not the "
            "expected one. Run the same command again."
        )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def download(
    folder: Path,
    address: str = SPRITES_ADDRESS,
    files: dict[str, str] = SPRITES_FILES,
    timeout: float = TIMEOUT,
) -> int:
    """Makes a folder hold all files of a data set; good files that are there are kept.

    Args:
        folder: is made if it is missing.
        address: of the folder on the server, without a slash at the end.
        files: the SHA-256 of each file, by its path below both folders.
        timeout: seconds to wait for an answer.

    Returns:
        The number of files that were fetched.

    Raises:
        DataError: if a file cannot be fetched or written, or is not the expected one.
    """
    missing = [name for name, checksum in files.items() if not good(folder / name, checksum)]
    for name in tqdm(missing, desc="download", unit="file", disable=not missing):
        try:
            fetch(f"{address}/{name}", folder / name, files[name], timeout)
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
    parser.add_argument("dataset", choices=["sprites"])
    parser.add_argument("--out", type=Path, help="folder; data/DATASET by default")
    options = parser.parse_args(arguments)
    folder = options.out or Path("data") / options.dataset
    try:
        fetched = download(folder)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(SPRITES_FILES)} files are in {folder}, {fetched} of them fetched just now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
