"""Draws 1,000 pictures by ONNX's own reference implementation, for the tests of the page.

usage: reference.py MODEL OUT

OUT gets JSON, {"z": [[...], ...], "image": [[...], ...]}: latent vectors, and the picture of each, row by row.
"""

import json
import sys

import numpy
from onnx.reference import ReferenceEvaluator

COUNT = 1_000
# Of the latent vectors.
SEED = 1_000


def main(model, out):
    evaluator = ReferenceEvaluator(model)
    latent = evaluator.input_types_[0].tensor_type.shape.dim[1].dim_value
    z = numpy.random.default_rng(SEED).standard_normal((COUNT, latent), dtype=numpy.float32)
    (image,) = evaluator.run(None, {"z": z})
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"z": z.tolist(), "image": image.reshape(COUNT, -1).tolist()}, file)


main(*sys.argv[1:])
