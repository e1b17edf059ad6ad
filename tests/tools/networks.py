"""The networks that a test has written into a folder: `N.onnx`, and `N.json` with z, the classes asked for, and the right pictures."""

import json
from pathlib import Path

import numpy

# As in the Rust test: of the largest number of a network's pictures.
RELATIVE = 1e-5


def check_all(folder, draw):
    """Draws each network by `draw(path, inputs)` and compares; gives how many it drew. None is a network it cannot draw."""
    drawn = 0
    for path in sorted(Path(folder).glob("*.onnx")):
        case = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        z = numpy.array(case["z"], numpy.float32).reshape(-1, case["latent"])
        inputs = {"z": z}
        if "class" in case:
            inputs["class"] = numpy.array(case["class"], numpy.int64)
        expected = numpy.array(case["image"])
        image = draw(str(path), inputs)
        if image is None:
            continue
        drawn += 1
        found = numpy.asarray(image, numpy.float64).reshape(-1)
        if found.shape != expected.shape:
            raise SystemExit(f"{path.name}: {found.size} numbers, {expected.size} expected")
        difference = numpy.abs(found - expected).max() / max(numpy.abs(expected).max(), 1e-3)
        if not difference <= RELATIVE:
            raise SystemExit(f"{path.name}: off by {difference} of the largest number")
    return drawn
