"""Checks networks with the official `onnx` package, and draws them by its reference implementation.

usage: check_networks.py FOLDER
"""

import sys

import onnx
from networks import check_all
from onnx.reference import ReferenceEvaluator


def draw(path, z):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # The file tells the shapes of its input and output alone: those between must follow from it.
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    shaped = {value.name for value in [*inferred.graph.value_info, *inferred.graph.output]}
    unknown = {name for node in model.graph.node for name in node.output} - shaped
    if unknown:
        raise SystemExit(f"{path}: no shape follows for {sorted(unknown)}")
    (image,) = ReferenceEvaluator(model).run(None, {"z": z})
    return image


print(f"{check_all(sys.argv[1], draw)} networks")
