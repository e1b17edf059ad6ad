"""Draws networks by the ONNX Runtime of this Python.

usage: run_onnxruntime.py FOLDER
"""

import sys

import onnxruntime
from networks import check_all


def draw(path, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (image,) = session.run(None, inputs)
    return image


print(f"onnxruntime {onnxruntime.__version__}: {check_all(sys.argv[1], draw)} networks")
