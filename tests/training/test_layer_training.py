"""Learning the networks of the layer decoder: the loss, the export, and what is kept apart."""

import numpy as np
import pytest
import torch

from rwae.data import lpc
from rwae.sheets.layer_decoder import FEATURES, Evidence
from rwae.sheets.sources import TARGETS
from rwae.training.layers import (
    PARTS,
    Example,
    choice_loss,
    choose_cells,
    fit_both,
    part_of,
    shape_groups,
    small_numbers,
)
from rwae.training.scorer import Perceptron


def layer(kind: str, shape: str) -> lpc.Layer:
    return lpc.Layer(kind, shape, "red", "male", None, np.zeros(1))


def test_the_loss_is_the_likelihood_of_the_true_colour() -> None:
    scores = torch.tensor([[0.0, 1.0, 2.0, 0.5]] * 2)
    choices = torch.tensor([[7, 7, 5, 0], [3, 4, 5, 0]])
    share = scores.softmax(1)[0]
    expected = -(share[0] + share[1]).log()
    found = choice_loss(scores[:1], choices[:1], torch.tensor([7]))
    assert found.item() == pytest.approx(expected.item())
    # No choice has the colour 9: that the layer is there counts by half.
    unreached = choice_loss(scores[1:], choices[1:], torch.tensor([9]))
    assert unreached.item() == pytest.approx(-0.5 * (1 - share[3]).log().item())


def test_the_exported_network_is_the_learned_one() -> None:
    features = np.random.default_rng(0).normal(3, 2, (4, 5, 6)).astype(np.float32)
    network = Perceptron(features, 32)
    expected = network(torch.from_numpy(features)).softmax(1).detach().numpy()
    assert network.scorer().probabilities(features) == pytest.approx(expected, abs=1e-5)


def test_which_choice_is_right_is_learned_from_examples() -> None:
    """The choice with the largest first feature is right."""
    draws = np.random.default_rng(0)

    def example() -> Example:
        features = np.zeros((60, 4, FEATURES), np.float32)
        features[..., 0] = draws.random((60, 4))
        choices = np.tile(np.array([1, 2, 3, 0]), (60, 1))
        true = np.take_along_axis(choices, features[..., :1].argmax(1), 1)[:, 0]
        pixels = np.argwhere(np.ones((10, 6)))
        around = np.zeros((60, 4, 25), np.uint8)
        shifted, known = np.zeros((2, 64, 64))
        evidence = Evidence(pixels, choices, features, around, shifted, 0.0, known > 0)
        return Example(evidence, true)

    first, _ = fit_both([example() for _ in range(300)], 0)
    new = example()
    found = first.probabilities(new.evidence.features).argmax(1)
    assert (np.array([1, 2, 3, 0])[found] == new.true).mean() > 0.8


def test_alike_shapes_are_in_one_part_and_held_out_ones_in_none() -> None:
    names = ["page2", "long", "bangs", "princess", "swoop", "swoop2", "xlong"]
    layers = [layer("hair", name) for name in names] + [layer("legs", "trousers")]
    groups = shape_groups(layers)
    assert "xlong" not in groups["hair"]
    assert part_of(layer("hair", "swoop"), groups) == part_of(layer("hair", "swoop2"), groups)
    assert {part_of(one, groups) for one in layers[:-1] if one.shape != "xlong"} == set(
        range(PARTS)
    )


def test_cells_of_all_directions_are_chosen_once() -> None:
    cells = choose_cells(0)
    assert len(set(cells)) == len(cells)
    assert set(cells) <= set(TARGETS)
    assert len({row for row, _ in cells}) == 17


def test_small_numbers_keep_what_is_equal() -> None:
    colours = np.array([0, 2**32 - 1, 7, 7], np.uint32)
    assert small_numbers(colours).tolist() == [0, 2, 1, 1]
