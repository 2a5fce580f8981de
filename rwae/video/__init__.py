"""Pictures and clips in and out of files: the only door to OpenCV.

A clip is read from a video, an animated GIF or an image strip (square frames side by side). What
FFmpeg may open is a closed list, so that a playlist cannot make it read other files or a network
address.
"""

import os

# Both are read by OpenCV itself: the first when it is loaded, the second when a clip is opened.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**25))
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
)

from rwae.video.fitting import to_frames
from rwae.video.reading import MAX_FRAMES, read_clip, read_frames, read_image
from rwae.video.writing import encode_image, write_gif

__all__ = [
    "MAX_FRAMES",
    "encode_image",
    "read_clip",
    "read_frames",
    "read_image",
    "to_frames",
    "write_gif",
]
