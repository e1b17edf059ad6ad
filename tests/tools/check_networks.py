"""Checks networks with the official `onnx` package, and draws them by its reference implementation.

usage: check_networks.py FOLDER
"""

import sys

import onnx
import onnx.version_converter
from networks import check_all
from onnx.reference import ReferenceEvaluator


def has_groups(node):
    """Whether it is a transposed convolution in groups, whose weights the reference implementation misreads."""
    return node.op_type == "ConvTranspose" and any(entry.name == "group" and entry.i > 1 for entry in node.attribute)


def draw(path, z):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # The file tells the shapes of its input and output alone: those between must follow from it.
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    shaped = {value.name for value in [*inferred.graph.value_info, *inferred.graph.output]}
    unknown = {name for node in model.graph.node for name in node.output} - shaped
    if unknown:
        raise SystemExit(f"{path}: no shape follows for {sorted(unknown)}")
    if any(has_groups(node) for node in model.graph.node):
        return None
    # The reference implementation knows DequantizeLinear from opset 19 on; what it computes has not changed since 13.
    if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
        model = onnx.version_converter.convert_version(model, 19)
    (image,) = ReferenceEvaluator(model).run(None, {"z": z})
    return image


print(f"{check_all(sys.argv[1], draw)} networks")
