"""Writes expected.json and expected.bin: what Pillow makes of synthetic frames.

The frames themselves are not stored: both sides compute them from a seed
(frame() here, synthetic() in the Go test). Needs numpy and Pillow; written with
Pillow 13.0.0.
"""
import json

import numpy as np
from PIL import Image, ImageOps

SIZES = [(100, 75), (75, 100), (512, 288), (288, 512), (33, 200), (20, 20), (48, 32),
         (32, 32), (1, 1), (1, 90), (90, 1), (31, 33), (64, 32), (257, 129), (1280, 720)]
VIEWS = ["squash", "center", "mirror-squash", "mirror-center", "zoom-48", "zoom-57", "mirror-zoom-48"]
FILTERS = {"bilinear-antialias": Image.BILINEAR, "bicubic-antialias": Image.BICUBIC}
OUT = [(48, 32), (32, 32)]


def frame(w, h, kind):
    n = np.arange(w * h * 3, dtype=np.uint64)
    if kind == "noise":  # hard edges everywhere, 0 and 255 often: clipping is exercised
        v = (n * np.uint64(2654435761) % np.uint64(1 << 32)) >> np.uint64(15)
        v = v ^ (v >> np.uint64(7))
        v = v % np.uint64(1024)
        return np.where(v < 256, 0, np.where(v < 512, 255, v % np.uint64(256))).astype(np.uint8).reshape(h, w, 3)
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij")
    return ((x * 255 // max(w - 1, 1) * (c + 1) + y * 255 // max(h - 1, 1) * (3 - c)) // 4 % 256).astype(np.uint8)


def render(img, view, w, h, f):
    if view.startswith("mirror-"):
        img, view = ImageOps.mirror(img), view[len("mirror-"):]
    if view == "center":
        iw, ih = img.size
        if iw * h > ih * w:
            cw, ch = max(1, ih * w // h), ih
        else:
            cw, ch = iw, max(1, iw * h // w)
        left, top = (iw - cw) // 2, (ih - ch) // 2
        img = img.crop((left, top, left + cw, top + ch))
    if view.startswith("zoom-"):
        n, (iw, ih) = int(view[5:]), img.size
        size = (n, int(n * ih / iw)) if iw <= ih else (int(n * iw / ih), n)
        img = img.resize(size, f)
        left, top = (size[0] - w) // 2, (size[1] - h) // 2
        return img.crop((left, top, left + w, top + h))
    return img.resize((w, h), f)


cases, blob = [], bytearray()
for i, (w, h) in enumerate(SIZES):
    for kind in ["noise", "ramp"]:
        img = Image.fromarray(frame(w, h, kind))
        for name, f in FILTERS.items():
            ow, oh = OUT[i % 2]
            # every view on one size, two on the others: enough and small
            for view in VIEWS if i in (2, 3) else [VIEWS[i % 7], VIEWS[(i + 3) % 7]]:
                if kind == "ramp" and view not in ("squash", "center"):
                    continue
                out = render(img, view, ow, oh, f)
                cases.append(dict(width=w, height=h, kind=kind, filter=name, view=view, to=[ow, oh]))
                blob += out.tobytes()
json.dump(cases, open("expected.json", "w"), indent=0)
open("expected.bin", "wb").write(blob)
print(len(cases), len(blob))
