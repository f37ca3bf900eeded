"""Which photos belong together, and which of them are kept from training.

Neighbouring frames of one recording look alike; were they split between training and held-out part, the choice made
on the held-out part would reward memory. So whole groups are held out.
"""

import hashlib
import re

_INDEX = re.compile(r"^\d{4}_")
_SUFFIX = re.compile(r"(-(jpg|jpeg|png|jpe|JPEG|JPG))+$", re.IGNORECASE)
_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def group_of(path: str) -> str:
    """The group of a site photo, from `source/0090_newsmoke1-mp4-25-jpg.jpg`.

    The running index and the export's suffix say nothing. The last number counts frames: ten neighbours form a group;
    longer numbers are time stamps or ids, of which the last three digits are dropped.
    """
    source, _, name = path.rpartition("/")
    stem = _SUFFIX.sub("", _INDEX.sub("", name.rsplit(".", 1)[0]))

    def coarse(match: re.Match) -> str:
        digits = match.group(1)
        return str(int(digits) // 10) if len(digits) <= 5 else digits[:-3]

    return f"{source}/{_LAST_NUMBER.sub(coarse, stem, count=1)}"


def is_held_out(group: str, share: float) -> bool:
    """Whether a group is kept from training: decided by its name alone, so it never moves when photos are added."""
    bucket = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") / 2**32
    return bucket < share
