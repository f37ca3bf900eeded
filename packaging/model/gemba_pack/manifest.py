"""The pack's manifest: what is in the folder, how it is used and what it scores."""

import hashlib
import json
from pathlib import Path

MAX_BYTES = 45 * 1000 * 1000
MODEL_SUFFIXES = (".onnx", ".npy", ".json")


def file_entry(path: Path) -> dict:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def write_manifest(folder: Path, manifest: dict) -> None:
    """Add the `files` section and write manifest.json last.

    The section lists what decides the pack's answers; the card and its picture may be reworded without making another
    pack of it.

    Raises ValueError when the pack is larger than a device is promised.
    """
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.suffix in MODEL_SUFFIXES and p.name != "manifest.json")
    files = {name: file_entry(folder / name) for name in names}
    total = sum(entry["bytes"] for entry in files.values())
    if total > MAX_BYTES:
        raise ValueError(f"the pack in {folder} has {total} bytes; {MAX_BYTES} are allowed")
    partial = folder / ".manifest.json.partial"
    partial.write_text(json.dumps(manifest | {"files": files}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(folder / "manifest.json")


def check_manifest(folder: Path) -> list[str]:
    """What is wrong with a pack folder, in words; empty if nothing is."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    wrong = []
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif file_entry(path) != entry:
            wrong.append(f"{name} is not the file that the manifest describes")
    for name in (manifest["image"]["file"], manifest["text"]["file"], manifest["text"]["tokenizer"]):
        if name not in manifest["files"]:
            wrong.append(f"{name} is used but not listed")
    return wrong
