"""Draws networks by OpenVINO, which reads ONNX with an importer of its own.

usage: run_openvino.py FOLDER
"""

import sys

import openvino
from networks import check_all

core = openvino.Core()


def draw(path, z):
    # Without the hint it would compute in bfloat16 where the processor has it.
    model = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model({"z": z})["image"]


print(f"openvino: {check_all(sys.argv[1], draw)} networks")
