"""A configuration refuses what no model can be built from, in words."""

import dataclasses
import json

import pytest

from rwae import ModelConfig
from rwae.errors import ConfigError


def test_round_trip_through_json() -> None:
    config = ModelConfig(crop_top=8, crop_left=4, crop_size=56, prior_components=1)
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("static_width", 100_000, "needs to lie in"),
        ("static_size", 0, "needs to lie in"),
        ("frames", -1, "needs to lie in"),
        ("hidden_size", True, "whole number"),
        ("hidden_size", 12.0, "whole number"),
        ("hidden_size", "12", "whole number"),
        ("hidden_size", None, "whole number"),
        ("static_noise", 1, "decimal point"),
        ("static_noise", float("nan"), "needs to lie in"),
        ("recurrent_decoder", 1, "true or false"),
        ("crop_size", 60, "multiple of 8"),
        ("crop_left", 8, "leaves the frame"),
    ],
)
def test_a_bad_value_is_named(name: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        dataclasses.replace(ModelConfig(), **{name: value})
    assert name.removesuffix("_left") in str(caught.value)


@pytest.mark.parametrize("settings", [None, [], 3, "x"])
def test_settings_that_are_no_object(settings: object) -> None:
    with pytest.raises(ConfigError, match="JSON object"):
        ModelConfig.from_dict(settings)


def test_an_unknown_key_is_refused_and_a_younger_setting_takes_its_default() -> None:
    settings = ModelConfig().to_dict()
    with pytest.raises(ConfigError, match="colour"):
        ModelConfig.from_dict(settings | {"colour": 3})
    del settings["learned_background"]
    assert ModelConfig.from_dict(settings) == ModelConfig()


def test_a_painter_has_no_recurrence_before_it() -> None:
    settings = {"late_film_width": 16, "recurrent_decoder": True}
    with pytest.raises(ConfigError, match="leave recurrent_decoder or late_film_width out"):
        ModelConfig.from_dict(ModelConfig().to_dict() | settings)
