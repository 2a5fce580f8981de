"""R-WAE: the model of the paper, with an encoder.

encode:  x -> Q(z_c | x_1:T), Q(z_t | z_<t, x_t), and with weak supervision Q(a | z_1:T)
"""

from __future__ import annotations

from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.models.base import CodeModel
from rwae.models.distributions import Categorical
from rwae.models.networks import (
    ActionPosterior,
    Decoder,
    DynamicPosterior,
    Prior,
    RecordingActionPosterior,
    StaticPosterior,
)
from rwae.models.networks.layers import channels_last


class RWAE(CodeModel):
    """A disentangled recurrent Wasserstein autoencoder (Han et al., ICLR 2021).

    Attributes:
        static_posterior: Q(z_c | x_1:T).
        dynamic_posterior: Q(z_t | z_<t, x_t).
        action_posterior: Q(a | z_1:T) of a weakly supervised model; else None.
    """

    family = "rwae"
    encodes = True
    prior: Prior
    decoder: Decoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        # The posteriors are made first: the first weights of a seed depend on this order.
        static, dynamic = StaticPosterior(config), DynamicPosterior(config)
        self.prior = Prior(config)
        self.decoder = Decoder(config)
        self.static_posterior = static
        self.dynamic_posterior = dynamic
        kind = RecordingActionPosterior if config.recording_actions else ActionPosterior
        self.action_posterior = kind(config) if config.actions else None
        channels_last(self)

    def infer(self, x: Tensor) -> Codes:
        """Infers the posterior means of clips (B, T, 3, H, W), without checks."""
        x = self.crop(x)
        dynamic = self.dynamic_posterior(x, None)[0].mean
        return Codes(self.static_posterior(x).mean, dynamic, self.infer_action(dynamic))

    def infer_action(self, dynamic: Tensor) -> Tensor | None:
        """The probability of each action, (B, A), for dynamic codes (B, T, D_m), or None."""
        if self.action_posterior is None:
            return None
        action: Categorical = self.action_posterior(dynamic)
        return action.probabilities
