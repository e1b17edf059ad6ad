"""Writes valid ONNX models that are not generators, one for each way of not being one.

usage: other_models.py FOLDER
"""

import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = helper.make_opsetid("", 17)


def dense(name, inputs, outputs, dtype=numpy.float32):
    """A fully connected layer from `x` to `name`, with its weight."""
    weight = numpy_helper.from_array(numpy.ones((inputs, outputs), dtype), f"{name}.weight")
    return helper.make_node("MatMul", ["x", weight.name], [name], name), weight


def classifier():
    """The usual MNIST model: a picture in, ten scores out."""
    flat = helper.make_node("Flatten", ["picture"], ["x"], "flatten")
    scores, weight = dense("scores", 784, 10)
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", 1, 28, 28])]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])]
    return helper.make_graph([flat, scores], "classifier", inputs, outputs, [weight])


def conditional():
    """A generator that wants a label too."""
    both = helper.make_node("Concat", ["z", "label"], ["x"], "concat", axis=1)
    flat, weight = dense("flat", 110, 784)
    shape = numpy_helper.from_array(numpy.array([-1, 1, 28, 28]), "shape")
    image = helper.make_node("Reshape", ["flat", "shape"], ["image"], "image")
    inputs = [
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 100]),
        helper.make_tensor_value_info("label", TensorProto.FLOAT, ["batch", 10]),
    ]
    outputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])]
    return helper.make_graph([both, flat, image], "conditional", inputs, outputs, [weight, shape])


def convolutional():
    """A generator one of whose operators is another: z [batch, 49] as a 7 by 7 picture, enlarged, without what is below 0."""
    shape = numpy_helper.from_array(numpy.array([-1, 1, 7, 7]), "shape")
    kernel = numpy_helper.from_array(numpy.ones((1, 1, 4, 4), numpy.float32), "kernel")
    small = helper.make_node("Reshape", ["z", "shape"], ["small"], "small")
    large = helper.make_node("ConvTranspose", ["small", "kernel"], ["large"], "large", strides=[4, 4])
    image = helper.make_node("Relu", ["large"], ["image"], "image")
    inputs = [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 49])]
    outputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])]
    return helper.make_graph([small, large, image], "convolutional", inputs, outputs, [shape, kernel])


def double():
    """A generator in float64."""
    shape = numpy_helper.from_array(numpy.array([-1, 1, 28, 28]), "shape")
    weight = numpy_helper.from_array(numpy.ones((100, 784)), "weight")
    flat = helper.make_node("MatMul", ["z", "weight"], ["flat"], "flat")
    image = helper.make_node("Reshape", ["flat", "shape"], ["image"], "image")
    inputs = [helper.make_tensor_value_info("z", TensorProto.DOUBLE, ["batch", 100])]
    outputs = [helper.make_tensor_value_info("image", TensorProto.DOUBLE, ["batch", 1, 28, 28])]
    return helper.make_graph([flat, image], "double", inputs, outputs, [weight, shape])


def main(folder):
    for make in [classifier, conditional, convolutional, double]:
        model = helper.make_model(make(), opset_imports=[OPSET], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, Path(folder) / f"{make.__name__}.onnx")


if __name__ == "__main__":
    main(sys.argv[1])
