"""The networks: static, dynamic and action posterior, prior and decoder.

They see the cropped square of a frame and know nothing of losses or files. Frames are RGB in
[0, 1]; "codes" are z_c with shape (B, D_c), z_t with shape (B, T, D_m) and, in a weakly supervised
model, the action a with shape (B, A), whose rows are positive and sum to one.
"""

from rwae.models.networks.decoder import Decoder
from rwae.models.networks.posteriors import ActionPosterior, DynamicPosterior, StaticPosterior
from rwae.models.networks.prior import Prior

__all__ = ["ActionPosterior", "Decoder", "DynamicPosterior", "Prior", "StaticPosterior"]
