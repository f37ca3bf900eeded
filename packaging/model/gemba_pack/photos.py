"""The photos, their captions and labels, and their bytes.

Two sources: captioned photos (`flickr8k`) and labelled site photos (`site_photos`). Each is a folder with a tar of
JPEG files and CSV tables.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
import tarfile

from .groups import group_of, is_held_out

# Terms of each source of site photos: A clear, B stated by the uploader, C probably CC0, D research terms.
TIERS = {
    "A": "door_detect vehicles_openimages caltech101 fod_objects garbage_bins trashnet clothing grocery wood_pallet "
    "box_on_rollers packages_door road_cctv_india parking_gate railway_wagon bolts_table classroom_cctv",
    "B": "industrial_objects hardhat_esp hand_tools safety_vest_v4 cctv_fire indoor_objects fall_action furniture "
    "amenities ewaste forklift_dsitv doorstep_boxes raccoon",
    "C": "warehouse_pallets",
    "D": "coco256 scene15_grey imagenet_sample places_rooms",
}
TIER_OF = {source: tier for tier, names in TIERS.items() for source in names.split()}


@dataclass(frozen=True)
class Photo:
    """One photo. `part` is `fit` (the towers see it), `choose` (held-out part of train) or `val`."""

    name: str  # path below images/ in the source's tar
    source: str  # "flickr8k", or the name of the site source
    part: str
    captions: tuple[str, ...]
    labels: frozenset[str] = frozenset()

    @property
    def site(self) -> bool:
        return self.source != "flickr8k"


def parse_labels(field: str) -> frozenset[str]:
    """`hard hat x2|fire x1` -> {"hard hat", "fire"}."""
    return frozenset(item.rsplit(" x", 1)[0] for item in field.split("|") if item)


def _rows(path: Path):
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _part(split: str, group: str, held_out: float) -> str:
    if split != "train":
        return split
    return "choose" if is_held_out(group, held_out) else "fit"


def _captions(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in _rows(path):
        found.setdefault(row["image"], []).append(row["caption"])
    return found


def read_captioned(folder: Path, held_out: float) -> list[Photo]:
    """The captioned photos; each is a group of its own."""
    splits = {row["image"]: row["split"] for row in _rows(folder / "captions.csv")}
    captions = _captions(folder / "captions.csv")
    return [
        Photo(name, "flickr8k", _part(split, name, held_out), tuple(captions[name]))
        for name, split in sorted(splits.items())
    ]


def read_site(folder: Path, held_out: float, tiers: str) -> list[Photo]:
    """The labelled site photos of the given tiers. A source without a tier is an error: its terms must be known."""
    captions = _captions(folder / "captions.csv")
    found = []
    for row in sorted(_rows(folder / "labels.csv"), key=lambda r: r["image"]):
        source = row["source"]
        if source not in TIER_OF:
            raise ValueError(f"{folder / 'labels.csv'}: no terms are recorded for source {source!r}; add it to TIERS")
        if TIER_OF[source] not in tiers:
            continue
        part = _part(row["split"], group_of(row["image"]), held_out)
        found.append(Photo(row["image"], source, part, tuple(captions.get(row["image"], ())), parse_labels(row["labels"])))
    return found


def read_photos(data: Path, held_out: float, tiers: str) -> list[Photo]:
    """Both sources in a fixed order."""
    return read_captioned(data / "flickr8k", held_out) + read_site(data / "site_photos", held_out, tiers)


class PhotoBytes:
    """Random access to the JPEG bytes of all photos, read once into memory (about 160 MB)."""

    def __init__(self, data: Path):
        self._bytes: dict[tuple[bool, str], bytes] = {}
        for site, folder in ((False, "flickr8k"), (True, "site_photos")):
            with tarfile.open(data / folder / "images.tar") as tar:
                for member in tar:
                    if member.isfile():
                        name = member.name.removeprefix("./").removeprefix("images/")
                        self._bytes[site, name] = tar.extractfile(member).read()

    def of(self, photo: Photo) -> bytes:
        return self._bytes[photo.site, photo.name]
