"""R-WAE: the model of the paper, which infers codes as well.

encode:  x -> Q(z_c | x_1:T), Q(z_t | z_<t, x_t), and with weak supervision Q(a | z_1:T)
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.models.base import CodeModel
from rwae.models.networks import ActionPosterior, Decoder, DynamicPosterior, Prior, StaticPosterior


class RWAE(CodeModel):
    """A disentangled recurrent Wasserstein autoencoder (Han et al., ICLR 2021).

    Attributes:
        static_posterior: Q(z_c | x_1:T).
        dynamic_posterior: Q(z_t | z_<t, x_t).
        action_posterior: Q(a | z_1:T) of a weakly supervised model; else None.
    """

    family = "rwae"
    encodes = True

    def __init__(self, config: ModelConfig) -> None:
        static, dynamic = StaticPosterior(config), DynamicPosterior(config)
        super().__init__(config, Prior(config), Decoder(config))
        self.static_posterior = static
        self.dynamic_posterior = dynamic
        self.action_posterior = ActionPosterior(config) if config.actions else None
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Codes:
        """Infers the posterior means, and with weak supervision the probability of each action.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W), H = W = `config.frame_size`.

        Raises:
            ClipError: if the shape is another, or a value is not finite or outside [0, 1].
        """
        x = self.prepare(x)
        dynamic, _ = self.dynamic_posterior(x, None)
        codes = Codes(static=self.static_posterior(x).mean, dynamic=dynamic.mean)
        return Codes(codes.static, codes.dynamic, self._action(codes))

    def _action(self, codes: Codes) -> Tensor | None:
        if self.action_posterior is None or codes.action is not None:
            return codes.action
        return self.action_posterior(codes.dynamic).probabilities
