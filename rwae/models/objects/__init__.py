"""The structured option: an R-WAE for scenes of several objects, such as Moving MNIST."""

from rwae.models.objects.model import ObjectRWAE, require_objects

__all__ = ["ObjectRWAE", "require_objects"]
