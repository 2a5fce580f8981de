"""The program that opens files from strangers, isolated in a process of its own.

OpenCV and FFmpeg are large and written in C. A file that exploits an error in them would get the
rights of the app, with its models, visitors and token, if the app called them as a library. No
package that we know runs them apart, with limits on memory, time and files.

`rwae.files.video.decoding` starts it for each upload as `python -I rwae/files/video/decoder`. By
`-I` neither the environment nor the current folder adds modules to it. It imports all that it
needs, gives up its rights (`limits`, `sandbox`), and only then takes a file, whose content comes
through a pipe. Its modules import OpenCV, NumPy and each other by plain names, and nothing of the
package around them: that would load PyTorch, which takes seconds, into a process that runs for
tenths of a second.
"""
