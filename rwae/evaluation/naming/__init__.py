"""Directions of the static code that change one attribute: `python -m rwae.evaluation.naming`."""
