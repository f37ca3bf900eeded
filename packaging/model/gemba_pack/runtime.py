"""ONNX export and running of graphs."""

from collections.abc import Sequence
from pathlib import Path
import warnings

import numpy as np
import onnxruntime as ort
import torch
from torch import nn

OPSET = 17


def export(graph: nn.Module, inputs: dict[str, torch.Tensor], outputs: Sequence[str], axes: dict, path: Path) -> None:
    """Write a module as ONNX. `axes` names the dynamic axes of inputs and outputs as torch.onnx.export does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.eval(),
            tuple(inputs.values()),
            str(partial),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    partial.replace(path)


def session(path: Path, threads: int) -> ort.InferenceSession:
    """A CPU session."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_batched(sess: ort.InferenceSession, inputs: dict[str, np.ndarray], batch: int = 64) -> list[np.ndarray]:
    """All outputs over the rows of the inputs, computed `batch` rows at a time."""
    rows = len(next(iter(inputs.values())))
    parts = [
        sess.run(None, {name: value[at : at + batch] for name, value in inputs.items()}) for at in range(0, rows, batch)
    ]
    return [np.concatenate(column) for column in zip(*parts)]
