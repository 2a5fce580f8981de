"""The program that opens strangers' files, in a process of its own.

`python rwae/files/video/decoder` is started for each upload by `rwae.files.video.decoding`, and is
all that ever decodes one. Its modules import OpenCV, NumPy and each other by plain names, but
nothing of the package around them: that would load PyTorch, which takes seconds, into a process
that lives for tenths of one.
"""
