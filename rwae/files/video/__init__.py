"""Reads and writes pictures and clips; the only package that imports OpenCV.

A clip is read from a video, an animation or an image strip (square frames side by side) in a
process of its own, see `rwae.files.video.decoding`. Only pictures of data sets are decoded in the
calling process.
"""

import os

# Read by OpenCV itself when it is loaded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**25))

from rwae.files.video.decoding import DecoderProcess
from rwae.files.video.fitting import fitting_rule, thumbnails, to_frames
from rwae.files.video.reading import MAX_READ_FRAMES, read_clip, read_frames, read_image
from rwae.files.video.writing import encode_gif, encode_image, encode_video, write_clip

__all__ = [
    "MAX_READ_FRAMES",
    "DecoderProcess",
    "encode_gif",
    "encode_image",
    "encode_video",
    "fitting_rule",
    "read_clip",
    "read_frames",
    "read_image",
    "thumbnails",
    "to_frames",
    "write_clip",
]
