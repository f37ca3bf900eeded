import json

import pytest

from gemba_pack import manifest as module
from gemba_pack.manifest import check_manifest, write_manifest

WHAT = {"image": {"file": "vision.onnx"}, "text": {"file": "text.onnx", "tokenizer": "tokenizer.json"}}


@pytest.fixture
def folder(tmp_path):
    for name in ("vision.onnx", "text.onnx", "tokenizer.json", "hub_bank.npy", "card.md"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_lists_model_files_with_size_and_hash(folder):
    write_manifest(folder, WHAT)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert sorted(files) == ["hub_bank.npy", "text.onnx", "tokenizer.json", "vision.onnx"]
    assert files["text.onnx"]["bytes"] == 9 and len(files["text.onnx"]["sha256"]) == 64
    assert check_manifest(folder) == []


def test_writing_twice_gives_the_same_manifest(folder):
    write_manifest(folder, WHAT)
    first = (folder / "manifest.json").read_bytes()
    write_manifest(folder, WHAT)
    assert (folder / "manifest.json").read_bytes() == first


def test_damage_is_named(folder):
    write_manifest(folder, WHAT)
    (folder / "text.onnx").write_bytes(b"other")
    (folder / "hub_bank.npy").unlink()
    assert check_manifest(folder) == ["hub_bank.npy is missing", "text.onnx is not the file that the manifest describes"]


def test_a_pack_too_large_is_refused(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="bytes"):
        write_manifest(folder, WHAT)
    assert not (folder / "manifest.json").exists()
