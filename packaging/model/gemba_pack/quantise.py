"""Smaller versions of the exported graphs: int8, or float with its weights stored in half precision."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

FLOAT_CONVOLUTIONS = 6  # of the image graph, counted from the pixels
LARGE_WEIGHT = 1024  # numbers


def text_to_int8(source: Path, target: Path) -> None:
    """Dynamic int8: weights and the word table are stored as int8, activations are quantised as they come."""
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


def store_half(source: Path, target: Path) -> None:
    """Store large weights as float16, each with a cast to float32 after it.

    The runtime folds the casts when it loads the graph, so it computes in float32 at full speed; only the file shrinks.
    """
    model = onnx.load(source)
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= LARGE_WEIGHT:
            name = weight.name
            half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), name + ".half")
            weight.CopyFrom(half)
            casts.append(helper.make_node("Cast", [half.name], [name], name=name + ".cast", to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, target)


class _Reader(CalibrationDataReader):
    def __init__(self, pixels: np.ndarray, batch: int = 8):
        self._batches: Iterator = iter([{"pixels": pixels[at : at + batch]} for at in range(0, len(pixels), batch)])

    def get_next(self):
        return next(self._batches, None)


def image_to_int8(source: Path, target: Path, pixels: np.ndarray) -> None:
    """Static int8 (QDQ, per channel) of the convolutions, calibrated on `pixels` float32 [N, 3, H, W].

    The projection and the token branch stay in float: they are a small part of the work, and their errors would go
    straight into every stored vector. So do the first convolutions: they hold few weights, but folding the batch norm
    left dead channels of tiny weight and large bias in them, which no common scale fits (cosine to the float graph 0.85
    with them, 0.99 without).
    """
    prepared = source.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
    quantize_static(
        prepared,
        target,
        _Reader(pixels),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=convolutions[:FLOAT_CONVOLUTIONS],
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": 99.999},
    )
    prepared.unlink()
