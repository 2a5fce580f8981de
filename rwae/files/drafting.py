"""A first model card, for a model that has none: what its settings say, and nothing else."""

from __future__ import annotations

from rwae.config import ModelConfig

_KINDS = {
    "rwae": "a disentangled recurrent Wasserstein autoencoder (R-WAE, arXiv 2101.07496)",
    "objects": "a disentangled recurrent Wasserstein autoencoder for scenes of several objects",
    "mocogan": "a MoCoGAN, which draws clips and cannot read any",
}
_CARD = """---
library_name: rwae-studio
tags: [video, disentanglement]
---

# {name}

This model is {kind}. A static code of {static} numbers says who a clip shows, and a dynamic
code of {dynamic} numbers a frame says how it moves. It has {millions:.2f} M parameters.

| | |
|---|---|
| clips | {frames} frames of {side} x {side} pixels |
| actions that it tells apart | {actions} |
{trained}
In Python, with the code of R-WAE Studio:

```python
from rwae import load

model = load("{repo}")
clips = model.decode(model.sample(4))
```

This card was written by a program that knows the settings and the weights alone. What the model
was trained on, under which licence that data is, and what the model cannot do are for its author
to add.
"""


def draft(repo: str, config: ModelConfig, parameters: int, command: str = "") -> str:
    """Writes a model card with the front matter that the Hub reads.

    Args:
        repo: the model's Hub id, or its name.
        config: the sizes.
        parameters: how many learned numbers it has.
        command: with which it was trained, if that is known.
    """
    return _CARD.format(
        name=repo.split("/")[-1],
        repo=repo,
        kind=_KINDS[config.family],
        static=config.static_size,
        dynamic=config.dynamic_size,
        millions=parameters / 1e6,
        frames=config.frames,
        side=config.frame_size,
        actions=config.actions or "none",
        trained=f"| command | `{command}` |\n" if command else "",
    )
