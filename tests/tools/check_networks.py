"""Checks networks with the official `onnx` package, and draws them by its reference implementation.

usage: check_networks.py FOLDER
"""

import sys

import onnx
from networks import check_all
from onnx.reference import ReferenceEvaluator


def shapes(values):
    """Type and shape of each value by its name."""
    return {value.name: value.type.SerializeToString(deterministic=True) for value in values}


def draw(path, z):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    bare = onnx.load(path)
    bare.graph.ClearField("value_info")
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    claimed, found = shapes(model.graph.value_info), shapes(inferred.graph.value_info)
    if claimed != found:
        names = sorted(name for name in claimed | found if claimed.get(name) != found.get(name))
        raise SystemExit(f"{path}: the file claims other shapes than inference finds: {names}: {claimed} {found}")
    (image,) = ReferenceEvaluator(model).run(None, {"z": z})
    return image


print(f"{check_all(sys.argv[1], draw)} networks")
