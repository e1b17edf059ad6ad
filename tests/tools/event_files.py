"""Reads event files as TensorBoard does and prints what it would show, as JSON.

usage: event_files.py FOLDER
"""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator

accumulator = event_accumulator.EventAccumulator(
    sys.argv[1], size_guidance={event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0}
)
accumulator.Reload()
tags = accumulator.Tags()
scalars = {tag: [[event.step, event.value] for event in accumulator.Scalars(tag)] for tag in tags["scalars"]}
images = {
    tag: [[event.step, event.width, event.height, event.encoded_image_string.hex()] for event in accumulator.Images(tag)]
    for tag in tags["images"]
}
json.dump({"scalars": scalars, "images": images}, sys.stdout)
