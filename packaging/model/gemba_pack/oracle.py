"""python -m gemba_pack.oracle: reference answers for the device's tests.

Writes into `agent/encode/testdata/oracle`: sample pictures made from the sample footage (CC BY 4.0), sentences, what the
pack's views of a few pictures are pixel by pixel, and what the float32 graphs of the recipe and the graphs of the pack
answer for all of them under this Python.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from .encoder import PackEncoder
from .footage import clip_vectors, frames_of
from .hub import hub_term
from .pixels import VIEWS, deployed_view
from .settings import Settings

PICTURES = 50
PIXEL_PICTURES = 4  # pictures of different shapes whose views are kept pixel by pixel
# Shapes that test the arithmetic of cropping and resampling: even and odd, wide and tall, enlarged and shrunk.
SHAPES = ((512, 288), (288, 288), (353, 201), (161, 287), (225, 223), (96, 64))

SENTENCES = """a man walks across a yellow line on a factory floor
a worker in an orange vest
a worker wearing a hard hat
a person without a hard hat
two people are shopping between shelves
white pottery on the shelves of a store
a woman standing at a table
a man standing in an empty room
an empty room with a wooden floor
nobody is in the room
cars parked in a row
a white car drives into a parking lot
an empty parking space seen from above
a red car
water bottles on a conveyor belt
three bottles in a row
a bottle with a blue cap
metal bolts on a grey surface
a single bolt under an inspection camera
a forklift carries a pallet
pallets stacked in a warehouse
a fire on the floor
smoke in a corridor
a dog runs through the grass
two children play in the snow
a man rides a bicycle down a street
a person lying on the ground
an open door
a closed door
a delivery van at the gate
a truck at the loading dock
boxes on a roller conveyor
a garbage bin that is overflowing
a screwdriver and a hammer on a bench
a laptop on a desk
a person sitting on a chair
several people walking in a hall
a crowd of people
a person carrying a box
a person pushing a trolley
forklift
hard hat
person
bottle
car
Wooden Pallet
café tables outside
an excavator digging a trench!
a man, a woman and a child: all of them wear hats
the quick brown fox jumps over the lazy dog while a very long sentence goes on and on about nothing in particular so that it must be cut at the end""".splitlines()


def sample_pictures(footage: Path) -> list[Image.Image]:
    """Pictures from the footage, evenly over files and time, in SHAPES by turns."""
    names = sorted(p.name for p in footage.glob("*.mp4"))
    each = -(-PICTURES // len(names))
    pictures = []
    for name in names:
        frames = frames_of(footage / name)
        for k in np.linspace(0, len(frames) - 1, each).astype(int):
            width, height = SHAPES[len(pictures) % len(SHAPES)]
            frame = frames[k]
            aspect = width / height
            wide = min(frame.width, frame.height * aspect)
            high = wide / aspect
            left, top = (frame.width - wide) / 2, (frame.height - high) / 2
            box = (left, top, left + wide, top + high)
            pictures.append(frame.resize((width, height), Image.Resampling.BICUBIC, box=box))
    return pictures[:PICTURES]


def main() -> None:
    parser = argparse.ArgumentParser(prog="gemba_pack.oracle", description=__doc__.splitlines()[0])
    parser.add_argument("--footage", type=Path, default=Path("testdata/footage"))
    parser.add_argument("--pack", type=Path, default=Path("packaging/pack"))
    parser.add_argument("--float", type=Path, required=True, help="folder of the recipe's float32 vision.onnx and text.onnx")
    parser.add_argument("--out", type=Path, default=Path("agent/encode/testdata/oracle"))
    args = parser.parse_args()
    manifest = json.loads((args.pack / "manifest.json").read_text(encoding="utf-8"))
    views = manifest["image"]["views"]
    settings = Settings()
    pictures_dir = args.out / "pictures"
    pictures_dir.mkdir(parents=True, exist_ok=True)
    for old in pictures_dir.glob("*"):
        old.unlink()
    names = []
    pictures = []
    for k, picture in enumerate(sample_pictures(args.footage)):
        # JPEG decoders differ in the last bit, so the pictures that pixels are compared on are PNG.
        if k < len(SHAPES):
            name = f"{k:02d}.png"
            picture.save(pictures_dir / name, optimize=True)
        else:
            name = f"{k:02d}.jpg"
            picture.save(pictures_dir / name, quality=88, subsampling=0)
        pictures.append(Image.open(pictures_dir / name).convert("RGB"))
        names.append(name)
    (args.out / "sentences.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    pixels = np.stack([[deployed_view(p, v) for v in VIEWS] for p in pictures[: len(SHAPES)]])
    np.save(args.out / "pixels.npy", pixels[:PIXEL_PICTURES, :2])
    bank = np.load(args.pack / "hub_bank.npy").astype(np.float32)
    for kind, folder in (("float32", args.float), ("pack", args.pack)):
        encoder = PackEncoder(folder / "vision.onnx", folder / "text.onnx", settings.threads, settings.max_tokens)
        vectors = encoder.views(pictures, views)
        np.save(args.out / f"embeddings_{kind}.npy", vectors.astype(np.float32))
        np.save(args.out / f"sentences_{kind}.npy", encoder.texts(SENTENCES).astype(np.float32))
        plain = np.stack([deployed_view(p, views[0]) for p in pictures])
        np.save(args.out / f"tokens_{kind}.npy", encoder.pixels(plain)[1].astype(np.float16))
        clip = clip_vectors(vectors[:8])
        np.save(args.out / f"clip_{kind}.npy", clip.astype(np.float32))
        np.save(args.out / f"hub_{kind}.npy", hub_term(clip, bank, manifest["hub"]["k"]).astype(np.float32))
    index = {
        "pack": manifest["name"] + " " + manifest["version"],
        "pack_files": {name: entry["sha256"] for name, entry in manifest["files"].items()},
        "views": views,
        "pictures": names,
        "pixel_pictures": names[:PIXEL_PICTURES],
        "pixel_views": list(VIEWS[:2]),
        "pixels_sha256": {
            f"{names[i]} {v}": hashlib.sha256(pixels[i, j].tobytes()).hexdigest()
            for i in range(len(SHAPES))
            for j, v in enumerate(VIEWS)
        },
        "clip": names[:8],
        "files": {
            "pixels.npy": "uint8 [pixel_pictures, pixel_views, 224, 224, 3], RGB",
            "embeddings_*.npy": "float32 [pictures, views, D], unit rows",
            "tokens_*.npy": "float16 [pictures, cells, T] of the first view",
            "sentences_*.npy": "float32 [sentences, D], unit rows, for the lines of sentences.txt",
            "clip_*.npy, hub_*.npy": "float32 [1, D] and [1]: one clip made of the pictures under `clip`",
        },
    }
    (args.out / "index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    (args.out / "README.md").write_text(README, encoding="utf-8")


README = """# Reference answers of the Python recipe

Written by `python -m gemba_pack.oracle` (packaging/model); `index.json` says what each file holds and for which pack.
`*_float32` are the answers of the recipe's graphs before quantisation, `*_pack` those of the bundled pack.

The pictures are crops of frames of the sample footage in `testdata/footage`, from the repository
intel-iot-devkit/sample-videos, Creative Commons Attribution 4.0 (CC BY 4.0); changed: cut, scaled, re-compressed.
"""

if __name__ == "__main__":
    main()
