"""The speed benchmark: what it times and counts, its quartiles, and that its command runs."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from torch.utils.flop_counter import FlopCounterMode

from rwae import RWAE
from rwae.benchmark import __main__ as command
from rwae.benchmark.__main__ import Measurement, speed_table
from rwae.benchmark.contenders import Contender, own_contender
from rwae.benchmark.cost import (
    MATRIX_SIDES,
    WARM_UP_ROUNDS,
    interleave,
    large_product,
    operations,
)
from rwae.benchmark.peers import SKD
from rwae.benchmark.report import Quartiles, as_markdown, as_text, quantile
from rwae.training.config import TrainingConfig
from rwae.training.presets import PRESETS

SMALL = dataclasses.replace(TINY, frame_size=64, frames=2)


def test_calls_take_turns_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []
    seconds = interleave({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 5)
    assert order == ["a", "b"] * (WARM_UP_ROUNDS + 5)
    assert all(len(taken) == 5 and min(taken) >= 0 for taken in seconds.values())


def test_quartiles_lie_inside_the_measurements_and_ignore_one_extreme_value() -> None:
    found = Quartiles.of([5.0, 1.0, 3.0, 2.0, 400.0])
    assert (found.low, found.median, found.high) == (2.0, 3.0, 5.0)
    assert found.text(" ms") == "3.00 ms (2.00 to 5.00)"
    assert Quartiles.of([1.0, 2.0]) == Quartiles(1.25, 1.5, 1.75)
    assert Quartiles.of([7.0]) == Quartiles(7.0, 7.0, 7.0)


def test_quantiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=17)
    for share in (0.0, 0.1, 0.25, 0.5, 0.95, 1.0):
        assert quantile(values.tolist(), share) == pytest.approx(np.quantile(values, share))


def test_a_ratio_divides_times_of_the_same_round() -> None:
    # The second call always takes twice as long, although the machine slows down by ten.
    found = Quartiles.of_ratios([1.0, 2.0, 10.0, 3.0], [2.0, 4.0, 20.0, 6.0])
    assert found == Quartiles(0.5, 0.5, 0.5)
    assert Quartiles.of_ratios([1.0, 2.0, 10.0], [1.0, 1.0, 1.0]).median == 2.0
    assert Quartiles.of_ratios([1.0, 1.0, 1.0], [0.0, 2.0, 2.0]) == Quartiles(0.5, 0.5, math.inf)


def test_operations_of_a_product_and_of_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = torch.rand(3, 5, requires_grad=True), torch.rand(5, 7)
    assert operations(lambda: a @ b) == 2 * 3 * 5 * 7
    assert operations(lambda: (a @ b).sum().backward()) == 2 * 2 * 3 * 5 * 7
    monkeypatch.setitem(MATRIX_SIDES, "cpu", 32)
    call, stated = large_product(torch.device("cpu"), torch.float32)
    assert operations(call) == stated


def test_operations_of_a_recurrent_network_are_counted() -> None:
    lstm = torch.nn.LSTM(6, 4, batch_first=True)
    with torch.no_grad():
        counted = operations(lambda: lstm(torch.zeros(1, 3, 6)))
    assert counted == 3 * 2 * 4 * 4 * (6 + 4)


def test_operations_agree_with_the_counter_of_torch_and_include_second_derivatives() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2), torch.nn.Flatten())
    x = torch.rand(2, 3, 9, 9, requires_grad=True)
    with FlopCounterMode(display=False) as theirs:
        network(x).sum().backward()
    once = operations(lambda: network(x).sum().backward())
    assert once == theirs.get_total_flops()

    def penalty() -> None:
        (slope,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
        slope.square().sum().backward()

    assert operations(penalty) > once


def test_a_training_step_of_ours_costs_more_than_encoding_and_decoding() -> None:
    config = TrainingConfig(dataset="none", model=SMALL, batch=4, prior_draws=4)
    contender = own_contender(RWAE(SMALL).eval(), config, torch.float32)
    assert set(contender.calls) == {"encode", "decode", "train"}
    assert contender.clips("train") == 4
    assert contender.clips("decode") == 1
    counted = {task: operations(call) for task, call in contender.calls.items()}
    assert 0 < counted["encode"] < counted["train"]
    assert 0 < counted["decode"] < counted["train"]


def measurement(title: str, decode: list[float]) -> Measurement:
    seconds = {"decode": decode, "train": [8 * taken for taken in decode]}
    contender = Contender(title, 1_500_000, dict.fromkeys(seconds, lambda: None), batch=16)
    return Measurement(
        contender, seconds, {"decode": 1e9, "train": 3e9}, dict.fromkeys(seconds, 1e11)
    )


def test_the_table_shows_medians_with_quartiles_and_our_time_over_theirs() -> None:
    ours = measurement("ours", [0.02, 0.01, 0.03, 0.02, 9.0])
    theirs = measurement("theirs", [0.05, 0.05, 0.05, 0.05, 0.05])
    rows = speed_table([ours, theirs])
    assert {len(row) for row in rows} == {3}
    cells = {(row[0], number): row[1:] for number, row in enumerate(rows)}
    assert cells["parameters", 1] == ["1.50 M", "1.50 M"]
    assert cells["encode", 2] == ["", ""]
    assert cells["decode", 6] == ["20.00 ms (20.00 to 30.00)", "50.00 ms (50.00 to 50.00)"]
    assert cells["our time / theirs", 7] == ["", "0.40 (0.40 to 0.60)"]
    assert cells["share of the peak", 9] == ["50%", "20%"]
    assert cells["training", 10] == ["100.0 clips/s", "40.0 clips/s"]
    assert as_markdown(rows).splitlines()[1] == "|---|---:|---:|"
    assert len(as_text(rows).splitlines()) == len(rows)


def test_the_command_prints_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    RWAE(SMALL).save_pretrained(tmp_path)
    preset = TrainingConfig(dataset="sprites", model=SMALL, batch=4, prior_draws=4)
    monkeypatch.setitem(PRESETS, "sprites", preset)
    monkeypatch.setattr(command, "PEERS", (SKD,))
    assert command.main([str(tmp_path), "--rounds", "4", "--markdown"]) == 0
    head, _, *body = capsys.readouterr().out.splitlines()
    assert head == "|  | R-WAE, ours | SKD | DCGAN decoder |"
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in body if "|" in line]
    (training,) = (row for row in rows if row[0] == "training")
    assert training[3] == ""
    assert all(float(cell.removesuffix(" clips/s")) > 0 for cell in training[1:3])


def test_a_model_of_another_frame_size_is_refused(
    tmp_path: Path, tiny: RWAE, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_pretrained(tmp_path)
    assert command.main([str(tmp_path), "--rounds", "4"]) == 2
    assert "32 pixels a side" in capsys.readouterr().err
