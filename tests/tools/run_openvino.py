"""Draws networks by OpenVINO, which reads ONNX with an importer of its own.

usage: run_openvino.py FOLDER
"""

import sys

import openvino
from networks import check_all

core = openvino.Core()


def draw(path, inputs):
    # As the file means it: else it computes in bfloat16 where the processor has it, and rounds what meets int8 weights.
    exact = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    model = core.compile_model(path, "CPU", exact)
    return model(inputs)["image"]


print(f"openvino: {check_all(sys.argv[1], draw)} networks")
