import numpy as np
import onnx
import torch
from torch import nn

from gemba_pack.quantise import LARGE_WEIGHT, store_half
from gemba_pack.runtime import export, run_batched, session


def test_half_storage_shrinks_the_file_and_keeps_the_answer(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    assert 64 * 64 >= LARGE_WEIGHT > 64 * 2
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    export(net, {"x": torch.zeros(1, 64)}, ["y"], {"x": {0: "n"}, "y": {0: "n"}}, whole)
    store_half(whole, half)
    assert half.stat().st_size < 0.7 * whole.stat().st_size
    assert sum(i.data_type == onnx.TensorProto.FLOAT16 for i in onnx.load(half).graph.initializer) == 1
    x = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32)
    a, b = (run_batched(session(p, 1), {"x": x})[0] for p in (whole, half))
    assert np.abs(a - b).max() < 1e-2
    assert not np.array_equal(a, np.zeros_like(a))
