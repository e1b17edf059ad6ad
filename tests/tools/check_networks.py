"""Checks networks with the official `onnx` package, and draws them by its reference implementation.

usage: check_networks.py FOLDER
"""

import sys

import onnx.version_converter
from checked import load_checked
from networks import check_all
from onnx.reference import ReferenceEvaluator


def has_groups(node):
    """Whether it is a transposed convolution in groups, whose weights the reference implementation misreads."""
    return node.op_type == "ConvTranspose" and any(entry.name == "group" and entry.i > 1 for entry in node.attribute)


def draw(path, inputs):
    model = load_checked(path)
    if any(has_groups(node) for node in model.graph.node):
        return None
    # The reference implementation knows DequantizeLinear from opset 19 on; what it computes has not changed since 13.
    if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
        model = onnx.version_converter.convert_version(model, 19)
    (image,) = ReferenceEvaluator(model).run(None, inputs)
    return image


print(f"{check_all(sys.argv[1], draw)} networks")
