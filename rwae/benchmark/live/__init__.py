"""How fast the page follows a slider, in a real browser: `python -m rwae.benchmark.live`."""
