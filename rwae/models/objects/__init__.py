"""The structured option: an R-WAE for scenes of several objects, such as Moving MNIST."""

from rwae.models.objects.model import ObjectRWAE

__all__ = ["ObjectRWAE"]
