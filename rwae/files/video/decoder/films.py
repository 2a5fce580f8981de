"""Videos, read by FFmpeg one frame at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import cv2
import numpy as np
from pixels import shrink, to_rgb
from protocol import Kind, Refused, check_size

# FFmpeg opens files only, no addresses, and these formats only: no playlists, lists of files or
# patterns of names. OpenCV reads this when it opens a video.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
)
os.environ["OPENCV_FFMPEG_THREADS"] = "1"


def frames(name: str) -> Iterator[tuple[np.ndarray, float]]:
    """Reads a video or a GIF.

    Yields:
        Each frame as RGB bytes (H, W, 3), shrunk and with rotation marks applied, and the time
        in milliseconds at which it appears. A file that breaks off gives the frames before.

    Raises:
        Refused: if it is no video, or its frames are too large.
    """
    # An absolute path, so that no name is ever taken for an address.
    video = cv2.VideoCapture(os.path.abspath(name), cv2.CAP_FFMPEG)
    try:
        if not video.isOpened():
            raise Refused(Kind.NO_VIDEO)
        # Before the first frame is decoded, which is when the memory would be taken.
        check_size(video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        while (grabbed := video.read())[0]:
            check_size(grabbed[1].shape[1], grabbed[1].shape[0])
            yield to_rgb(shrink(grabbed[1])), video.get(cv2.CAP_PROP_POS_MSEC)
    except cv2.error as error:
        raise Refused(Kind.BAD_VIDEO) from error
    finally:
        video.release()
