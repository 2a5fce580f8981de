"""What the posteriors are shown in training."""

import torch

from rwae.training import augment


def test_relighting_keeps_black_and_the_range_and_hides_the_brightness(
    generator: torch.Generator,
) -> None:
    x = torch.zeros(64, 2, 3, 8, 8)
    x[:32, ..., 4:], x[32:, ..., 4:] = 0.3, 0.8
    seen = augment.photometric_augment(x, generator)
    assert seen.shape == x.shape
    assert not seen[..., :4].any()
    assert seen.min() >= 0
    assert seen.max() <= 1
    bright = seen[..., 4:].flatten(1).mean(1)
    assert bright.std() > 0.15
    dark_looks_brighter = (bright[:32] > bright[32:]).float().mean()
    assert 0.25 < dark_looks_brighter < 0.75
    assert torch.equal(seen[:, :, 0], seen[:, :, 1])


def test_mirroring_flips_about_half_of_the_frames(generator: torch.Generator) -> None:
    x = torch.arange(8.0).expand(100, 2, 3, 4, 8)
    flipped = augment.hflip(x, generator)[..., 0].flatten(2)[:, :, 0] == 7
    assert 0.35 < flipped.float().mean() < 0.65


def test_chosen_frames_differ_within_a_clip_and_are_taken(generator: torch.Generator) -> None:
    chosen = augment.choose_frames(50, 6, 3, generator)
    assert all(len(set(row.tolist())) == 3 for row in chosen)
    assert set(chosen.flatten().tolist()) == set(range(6))
    x = torch.arange(300).view(50, 6)
    assert torch.equal(augment.take_frames(x, chosen), x.gather(1, chosen))
