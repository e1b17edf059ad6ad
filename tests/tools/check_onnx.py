"""Checks a model file with the official `onnx` package and describes it as JSON on standard output.

usage: check_onnx.py MODEL
"""

import json
import sys

import onnx
from checked import load_checked


def describe(value):
    """Name, type and shape of a value; an open dimension by its name."""
    tensor = value.type.tensor_type
    shape = [dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
    return [value.name, onnx.TensorProto.DataType.Name(tensor.elem_type), shape]


def main(path):
    model = load_checked(path)
    json.dump(
        {
            "ir_version": model.ir_version,
            "opsets": [[opset.domain, opset.version] for opset in model.opset_import],
            "producer": model.producer_name,
            "inputs": [describe(value) for value in model.graph.input],
            "outputs": [describe(value) for value in model.graph.output],
            "nodes": [[node.name, node.op_type] for node in model.graph.node],
            "initializers": [[tensor.name, list(tensor.dims)] for tensor in model.graph.initializer],
            "metadata": {entry.key: entry.value for entry in model.metadata_props},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
