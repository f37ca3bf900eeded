"""From a photo to the 224x224 pixels that the image tower sees: the deployed views and the training views.

The deployed views are an exact contract with the device: antialiased bilinear resampling as Pillow does it.
"""

import hashlib
import io
import random

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

VIEWS = ("squash", "center", "mirror-squash", "mirror-center")


def deployed_view(image: Image.Image, view: str, size: int = 224) -> np.ndarray:
    """One of VIEWS of an RGB image -> uint8 [size, size, 3]. The centre square starts at the floor of the half rest."""
    if view not in VIEWS:
        raise ValueError(f"unknown view {view!r}; known are {', '.join(VIEWS)}")
    if view.startswith("mirror-"):
        image = ImageOps.mirror(image)
    if view.endswith("center"):
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def training_view(image: Image.Image, name: str, view: int, size: int = 224) -> np.ndarray:
    """Training view number `view` of the photo called `name` -> uint8 [size, size, 3].

    0 is the whole photo, 1 its mirror image, the others are random crops. Turning, fading, blurring and greying happen
    to photos of every source alike: some site photos come turned with black corners, and what only one source shows
    would become the cue for its labels.
    """
    if view == 0:
        return deployed_view(image, "squash", size)
    if view == 1:
        return deployed_view(image, "mirror-squash", size)
    rng = random.Random(hashlib.sha256(f"{name}#{view}".encode()).digest())
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < 0.4:
        image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR)
    area, aspect = rng.uniform(0.4, 1.0), rng.uniform(0.75, 1.33)
    wide = min(1.0, (area * aspect) ** 0.5) * image.width
    high = min(1.0, (area / aspect) ** 0.5) * image.height
    left, top = rng.uniform(0, image.width - wide), rng.uniform(0, image.height - high)
    image = image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + high))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if rng.random() < 0.5:
            image = enhance(image).enhance(rng.uniform(0.6, 1.4))
    if rng.random() < 0.1:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.BoxBlur(rng.uniform(0.5, 2.0)))
    return np.asarray(image)


def decode(data: bytes) -> Image.Image:
    """JPEG or PNG bytes -> RGB image."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def to_input(pixels: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W], (value - 127) / 128 as EfficientNet-Lite expects."""
    return np.ascontiguousarray((pixels.astype(np.float32) - 127.0).transpose(0, 3, 1, 2) / np.float32(128.0))
