"""A model file that the official `onnx` package finds nothing wrong with."""

import onnx


def load_checked(path):
    """Loads the model; ends the program if the checker refuses it or a value's shape does not follow."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # The file tells the shapes of its input and output alone: those between must follow from it.
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    shaped = {value.name for value in [*inferred.graph.value_info, *inferred.graph.output]}
    unknown = {name for node in model.graph.node for name in node.output} - shaped
    if unknown:
        raise SystemExit(f"{path}: no shape follows for {sorted(unknown)}")
    return model
