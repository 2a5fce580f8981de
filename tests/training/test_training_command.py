"""python -m rwae.training: it stops on SIGTERM, runs on two ranks, and explains errors."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from rwae import RWAE
from rwae.benchmark.server import free_port
from rwae.errors import ConfigError
from rwae.files.checkpoint import read_gallery
from rwae.training.__main__ import command, configure, main, parse_arguments
from rwae.training.presets import PRESETS
from rwae.training.recorder import METRICS_FILE


@pytest.mark.slow
def test_sigterm_finishes_the_step_and_the_same_command_goes_on(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "rwae.training",
        "--preset",
        "figures",
        "--out",
        str(tmp_path),
        "--save-every",
        "1000",
        "--log-every",
        "1",
        "--device",
        "cpu",
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 90
    while not (tmp_path / METRICS_FILE).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped after step" in said
    assert RWAE.from_pretrained(tmp_path).config == PRESETS["figures"].model
    assert read_gallery(tmp_path).dynamic.shape[1] == 8
    stopped = int(said.split("Stopped after step ")[1].split(";")[0])
    finish = subprocess.run(
        [*command, "--steps", str(stopped + 1)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=90,
        check=True,
    )
    assert f"Resumed from step {stopped}" in finish.stdout
    assert RWAE.from_pretrained(tmp_path).config == PRESETS["figures"].model


def test_the_command_line_overrides_the_preset_and_switches_parts_off(tmp_path: Path) -> None:
    common = ["--preset", "sprites", "--out", str(tmp_path)]
    assert configure(parse_arguments(common)) == PRESETS["sprites"]
    given = parse_arguments(
        [*common, "--data", "/some/where", "--steps", "7", "--no-photometric-augment"]
    )
    assert command(given, "float32") == (
        "python -m rwae.training --preset sprites --data data/sprites --steps 7 "
        "--no-photometric-augment --out runs/sprites"
    )
    changed = configure(
        parse_arguments([*common, "--steps", "850", "--seed", "3", "--no-photometric-augment"])
    )
    assert (changed.steps, changed.seed, changed.photometric_augment, changed.hflip) == (
        850,
        3,
        False,
        True,
    )


def test_the_recorded_command_names_the_data_and_the_precision(tmp_path: Path) -> None:
    common = ["--preset", "folder", "--out", str(tmp_path)]
    given = parse_arguments([*common, "--data", "/my clips"])
    assert command(given, "float32") == (
        "python -m rwae.training --preset folder --data '/my clips' --out runs/folder"
    )
    assert "--precision bfloat16" in command(given, "bfloat16")
    given = parse_arguments(
        [*common, "--dataset", "weizmann", "--data", "/x", "--precision", "float32"]
    )
    said = command(given, "float32")
    assert "--data data/weizmann" in said
    assert "--precision float32" in said


def test_a_term_of_the_loss_can_be_weighted_or_left_out(tmp_path: Path) -> None:
    common = ["--preset", "sprites", "--out", str(tmp_path)]
    given = parse_arguments([*common, "--weight", "normalised_hsic=0", "--weight", "prior_nll=.5"])
    weights = configure(given).weights
    assert (weights.normalised_hsic, weights.prior_nll) == (0.0, 0.5)
    assert weights.static_penalty == PRESETS["sprites"].weights.static_penalty
    assert command(given, "float32").endswith(
        "--weight normalised_hsic=0 --weight prior_nll=.5 --out runs/sprites"
    )


@pytest.mark.parametrize(
    ("preset", "option", "message"),
    [
        ("sprites", ["--weight", "beauty=1"], "names no term"),
        ("sprites", ["--weight", "normalised_hsic"], "a number from 0 on"),
        ("sprites", ["--weight", "normalised_hsic=-1"], "a number from 0 on"),
        ("sprites", ["--weight", "normalised_hsic=nan"], "a number from 0 on"),
        ("moving_mnist", ["--no-photometric-augment"], "does not use --photometric-augment"),
        ("sprites-mocogan", ["--no-hflip"], "does not use --hflip"),
        ("sprites-mocogan", ["--static-frames", "3"], "does not use --static-frames"),
        ("sprites-mocogan", ["--weight", "normalised_hsic=0"], "does not use --weight"),
        ("moving_mnist", ["--precision", "bfloat16"], "float32 alone"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    preset: str, option: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        configure(parse_arguments(["--preset", preset, "--out", str(tmp_path), *option]))


def test_a_model_gets_the_frames_of_the_clips_that_it_is_trained_on(tmp_path: Path) -> None:
    command = ["--preset", "weizmann", "--dataset", "figures", "--device", "cpu"]
    assert main([*command, "--steps", "1", "--batch", "4", "--out", str(tmp_path)]) == 0
    assert PRESETS["weizmann"].model.frames == 10
    assert RWAE.from_pretrained(tmp_path).config.frames == 8


@pytest.mark.slow
def test_two_ranks_train_one_model(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--nproc_per_node",
            "2",
            "--master_addr",
            "127.0.0.1",
            "--master_port",
            str(free_port()),
            "-m",
            "rwae.training",
            "--preset",
            "figures",
            "--steps",
            "3",
            "--log-every",
            "1",
            "--device",
            "cpu",
            "--out",
            str(tmp_path),
        ],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert RWAE.from_pretrained(tmp_path).config == PRESETS["figures"].model
    assert len((tmp_path / METRICS_FILE).read_text().splitlines()) == 3


def test_an_error_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rwae.training", "--preset", "sprites", "--out", str(tmp_path)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "rwae.data.download" in done.stderr
