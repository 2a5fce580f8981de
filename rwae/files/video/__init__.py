"""Reads and writes pictures and clips; the only package that imports OpenCV.

A clip is read from a video, an animation or an image strip (square frames side by side) in a
process of its own, see `rwae.files.video.decoding`. Only pictures of data sets are decoded in the
calling process.
"""

import os

# Read by OpenCV itself when it is loaded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**25))

from rwae.files.video.decoder.protocol import MAX_SHEET_PIXELS
from rwae.files.video.decoding import DecoderProcess
from rwae.files.video.fitting import (
    even_choice,
    frames_in_words,
    resize_frames,
    scale_frames,
    shrink_like,
    thumbnails,
    to_frames,
)
from rwae.files.video.footage import Footage
from rwae.files.video.reading import (
    MAX_READ_FRAMES,
    read_clip,
    read_footage,
    read_frames,
    read_image,
    read_picture,
)
from rwae.files.video.regions import border_regions, grow, label_regions, large_regions
from rwae.files.video.writing import (
    encode_animation,
    encode_gif,
    encode_image,
    encode_video,
    with_titles,
    write_clip,
)

__all__ = [
    "MAX_READ_FRAMES",
    "MAX_SHEET_PIXELS",
    "DecoderProcess",
    "Footage",
    "border_regions",
    "encode_animation",
    "encode_gif",
    "encode_image",
    "encode_video",
    "even_choice",
    "frames_in_words",
    "grow",
    "label_regions",
    "large_regions",
    "read_clip",
    "read_footage",
    "read_frames",
    "read_image",
    "read_picture",
    "resize_frames",
    "scale_frames",
    "shrink_like",
    "thumbnails",
    "to_frames",
    "with_titles",
    "write_clip",
]
