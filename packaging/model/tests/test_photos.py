import csv
import io
import tarfile

import pytest

from gemba_pack.groups import group_of
from gemba_pack.photos import TIER_OF, PhotoBytes, parse_labels, read_photos


def write_csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def data(tmp_path):
    write_csv(
        tmp_path / "flickr8k" / "captions.csv",
        ["image", "split", "caption"],
        [[f"{i}.jpg", "val" if i < 5 else "train", f"caption {i} {k}"] for i in range(100) for k in range(5)],
    )
    names = [f"cctv_fire/{i:04d}_clip-{i}-jpg.jpg" for i in range(200)] + ["coco256/0001_5.jpg"]
    source = lambda n: n.split("/")[0]
    write_csv(
        tmp_path / "site_photos" / "labels.csv",
        ["image", "split", "source", "labels"],
        [[n, "train", source(n), "fire x2|smoke x1"] for n in names],
    )
    write_csv(
        tmp_path / "site_photos" / "captions.csv",
        ["image", "split", "caption"],
        [[n, "train", "A fire and smoke."] for n in names],
    )
    for folder in ("flickr8k", "site_photos"):
        with tarfile.open(tmp_path / folder / "images.tar", "w") as tar:
            for name in ["0.jpg"] if folder == "flickr8k" else names[:1]:
                info = tarfile.TarInfo(f"images/{name}")
                info.size = 3
                tar.addfile(info, io.BytesIO(b"abc"))
    return tmp_path


def test_parts_do_not_share_groups(data):
    photos = read_photos(data, 0.3, "ABCD")
    groups = {part: {group_of(p.name) for p in photos if p.site and p.part == part} for part in ("fit", "choose")}
    assert groups["fit"] and groups["choose"]
    assert not groups["fit"] & groups["choose"]


def test_val_is_never_trained_on(data):
    photos = [p for p in read_photos(data, 0.3, "ABCD") if not p.site]
    assert {p.name for p in photos if p.part == "val"} == {f"{i}.jpg" for i in range(5)}
    assert all(len(p.captions) == 5 for p in photos)


def test_tiers_leave_sources_out(data):
    assert TIER_OF["coco256"] == "D"
    assert {p.source for p in read_photos(data, 0.3, "AB") if p.site} == {"cctv_fire"}


def test_a_source_without_terms_is_refused(data):
    path = data / "site_photos" / "labels.csv"
    path.write_text(path.read_text() + "new/0001_1.jpg,train,new,fire x1\n")
    with pytest.raises(ValueError, match="no terms"):
        read_photos(data, 0.3, "ABCD")


def test_labels_lose_their_counts():
    assert parse_labels("hard hat x2|tv x12") == {"hard hat", "tv"}
    assert parse_labels("") == frozenset()


def test_bytes_come_from_the_tar(data):
    photos = {p.name: p for p in read_photos(data, 0.3, "ABCD")}
    assert PhotoBytes(data).of(photos["0.jpg"]) == b"abc"
