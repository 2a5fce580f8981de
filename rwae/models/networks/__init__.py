"""The networks: static, dynamic and action posterior, prior and decoder.

Their input is the cropped square of a frame, RGB in [0, 1]; they know nothing of losses or files.
Codes are z_c with shape (B, D_c), z_t with shape (B, T, D_m) and, in a weakly supervised model,
the action a with shape (B, A), whose rows are positive and sum to one.

The names of their attributes are the keys of the weights in checkpoints, so they do not change.
"""

from rwae.models.networks.decoder import Decoder
from rwae.models.networks.posteriors import (
    ActionPosterior,
    DynamicPosterior,
    RecordingActionPosterior,
    StaticPosterior,
    pool,
)
from rwae.models.networks.prior import BasePrior, Prior

__all__ = [
    "ActionPosterior",
    "BasePrior",
    "Decoder",
    "DynamicPosterior",
    "Prior",
    "RecordingActionPosterior",
    "StaticPosterior",
    "pool",
]
