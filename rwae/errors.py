"""Errors that a person can act on.

Every message says what came, what is needed and what to do. The command lines print it and exit
with 2; the app shows it in a box.
"""


class RWAEError(Exception):
    """Base of every error that the package raises on purpose."""


class ConfigError(RWAEError):
    """A configuration holds a value that no model can be built from."""


class CheckpointError(RWAEError):
    """A checkpoint is missing, incomplete, or belongs to another model."""


class HubError(CheckpointError):
    """The Hub could not be reached, was too slow or refused; another time it may work."""


class OtherRunError(CheckpointError):
    """A folder holds the state of a run with other settings."""


class GoneError(RWAEError):
    """A learned copy of a model is no longer kept.

    Attributes:
        name: of the copy.
    """

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class CodesError(RWAEError):
    """Codes have the wrong sizes or hold numbers that are not finite."""


class DataError(RWAEError):
    """A data set is missing, incomplete or corrupt."""


class CancelledError(RWAEError):
    """Work was stopped before its end, as somebody wished: nothing of it is kept."""


class ClipError(RWAEError):
    """A clip cannot be read or does not fit the model."""
