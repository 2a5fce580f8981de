"""How fast a model is, beside the networks of its peers: `python -m rwae.benchmark`."""
