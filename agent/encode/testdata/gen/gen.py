"""Writes ../tiny, a pack of a few kB that works, and ../models, vision models
that don't fit it. Needs numpy and onnx; written with onnx 1.23.2.

The vision model's embedding is the mean colour times a fixed matrix, made unit;
its tokens are the mean colours of the four quarters. The text model's embedding
is the mean of one row per token, made unit; its tokens are the rows' first values.
"""
import hashlib
import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE, DIMS, TOKEN_DIMS = 8, 6, 3
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + "a the with without red green blue dark bright worker dog hat in and yellow".split() + ["##s", ",", "."]
here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(3)
PROJECTION = rng.normal(size=(3, DIMS)).round(2).astype(np.float32)
BIAS = rng.normal(size=DIMS).round(2).astype(np.float32)
TABLE = rng.normal(size=(len(WORDS), DIMS)).round(2).astype(np.float32)


def const(name, value):
    return numpy_helper.from_array(np.asarray(value), name)


def save(path, nodes, inputs, outputs, constants):
    def info(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(nodes, "g", [info(*i) for i in inputs], [info(*o) for o in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="gen.py")
    onnx.checker.check_model(model)
    onnx.save(model, path)


def vision(path, dims=DIMS, batch="n", unit=True, kind=TensorProto.FLOAT, input_name="pixels", cells=2):
    projection, bias = np.resize(PROJECTION, (3, dims)), np.resize(BIAS, dims)
    nodes = [
        helper.make_node("ReduceMean", [input_name], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "projection"], ["projected"]),
        helper.make_node("Add", ["projected", "bias"], ["raw"]),
        helper.make_node("ReduceL2", ["raw"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Div", ["raw", "length" if unit else "three"], ["embedding32"]),
        helper.make_node("Cast", ["embedding32"], ["embedding"], to=kind),
        helper.make_node("AveragePool", [input_name], ["quarters"], kernel_shape=[SIZE // cells] * 2, strides=[SIZE // cells] * 2),
        helper.make_node("Reshape", ["quarters", "flat"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["tokens"], perm=[0, 2, 1]),
    ]
    constants = [const("projection", projection), const("bias", bias), const("three", np.float32(3)), const("flat", np.int64([0, 3, -1]))]
    save(path, nodes, [(input_name, TensorProto.FLOAT, [batch, 3, SIZE, SIZE])],
         [("embedding", kind, [batch, dims]), ("tokens", TensorProto.FLOAT, [batch, cells * cells, 3])], constants)


def text(path):
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask32"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask32", "last"], ["weights"]),
        helper.make_node("Mul", ["rows", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "middle"], ["sum"], keepdims=0),
        helper.make_node("ReduceL2", ["sum"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Div", ["sum", "length"], ["embedding"]),
        helper.make_node("Slice", ["rows", "zero", "three", "two"], ["tokens"]),
    ]
    constants = [const("table", TABLE), const("last", np.int64([-1])), const("middle", np.int64([1])),
                 const("zero", np.int64([0])), const("three", np.int64([TOKEN_DIMS])), const("two", np.int64([2]))]
    save(path, nodes, [("input_ids", TensorProto.INT64, ["b", "l"]), ("attention_mask", TensorProto.INT64, ["b", "l"])],
         [("embedding", TensorProto.FLOAT, ["b", DIMS]), ("tokens", TensorProto.FLOAT, ["b", "l", TOKEN_DIMS])], constants)


def tokenizer():
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": WORDS[i], "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False} for i in range(4)],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(WORDS)}},
    }


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pack(folder):
    os.makedirs(folder, exist_ok=True)
    vision(os.path.join(folder, "vision.onnx"))
    text(os.path.join(folder, "text.onnx"))
    with open(os.path.join(folder, "tokenizer.json"), "w") as f:
        json.dump(tokenizer(), f)
    np.save(os.path.join(folder, "hub_bank.npy"), unit(rng.normal(size=(12, DIMS))).astype(np.float16))
    np.save(os.path.join(folder, "background.npy"), (0.9 * unit(rng.normal(size=(5, DIMS)))).astype(np.float32))
    files = {}
    for name in sorted(os.listdir(folder)):
        if name != "manifest.json":
            data = open(os.path.join(folder, name), "rb").read()
            files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {
        "format": 1, "name": "tiny", "version": "1.2.3", "license": "Apache-2.0", "provenance": "testdata/gen", "dims": DIMS,
        "image": {"file": "vision.onnx", "input": "pixels", "width": SIZE, "height": SIZE, "mean": [127, 127, 127], "std": [128, 128, 128],
                  "resize": "bilinear-antialias", "views": ["squash", "center"], "outputs": {"embedding": "embedding", "tokens": "tokens"}},
        "text": {"file": "text.onnx", "inputs": {"ids": "input_ids", "mask": "attention_mask"}, "outputs": {"embedding": "embedding", "tokens": "tokens"},
                 "max_length": 8, "tokenizer": "tokenizer.json", "lowercase": True},
        "tokens": {"cells": [2, 2], "dims": TOKEN_DIMS},
        "hub": {"file": "hub_bank.npy", "k": 3, "alpha_sentence": 0.7, "alpha_word": 0.3},
        "background": {"file": "background.npy"},
        "calibration": {"confident": 3.5, "possible": 2.5, "anything_else": 1},
        "negation": {"beta": 0.45},
        "files": files, "quality": {"any": "thing"}, "training": {"steps": 0},
    }
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump(manifest, f, indent=1)


pack(os.path.join(here, "../tiny"))
models = os.path.join(here, "../models")
os.makedirs(models, exist_ok=True)
vision(os.path.join(models, "wide.onnx"), dims=DIMS + 1)
vision(os.path.join(models, "one_picture.onnx"), batch=1)
vision(os.path.join(models, "not_unit.onnx"), unit=False)
vision(os.path.join(models, "double.onnx"), kind=TensorProto.DOUBLE)
vision(os.path.join(models, "other_input.onnx"), input_name="image")
vision(os.path.join(models, "more_cells.onnx"), cells=4)
json.dump({"projection": PROJECTION.tolist(), "bias": BIAS.tolist(), "table": TABLE.tolist()}, open(os.path.join(models, "weights.json"), "w"))
