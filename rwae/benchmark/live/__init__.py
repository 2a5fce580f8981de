"""How fast the page follows a hand, in a real browser: `python -m rwae.benchmark.live`."""
