"""Benchmarks of speed, read as ratios because all contenders run in turns on the same machine.

python -m rwae.benchmark          # a model beside the networks of its peers
python -m rwae.benchmark.live     # the page beside a plain Gradio app, in a real browser
python -m rwae.benchmark.crowd    # the server with up to 200 visitors
python -m rwae.benchmark.soak     # minutes of work, and what the server still holds then
"""
