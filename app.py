"""R-WAE Studio: change who a clip shows, or how it moves, and watch it while you do.

python app.py            # every model in checkpoints/; --help lists the options
gradio app.py            # the same, and again after each change of a Python file
"""

from rwae.ui.launch import build_demo, exit_on_error, parse_options, prepare_process, serve

if __name__ == "__main__":
    with exit_on_error():
        options = parse_options()
        prepare_process()
        demo = build_demo(options)
        serve(demo, options)
else:
    demo = build_demo(parse_options([]))
