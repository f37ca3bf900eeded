"""Which labels a site caption states.

Site captions were made from templates with synonyms ("a storage hall" for warehouse), and a caption may name only some
of its photo's labels. Rather than keeping a table of synonyms, the meaning of a phrase is read off the data: the
labels shared by all photos that have a caption with that phrase. A rare phrase keeps all labels of its few photos,
which errs on the strict side.
"""

from collections.abc import Iterable
import re

_OPENING = re.compile(r"^(a (view|photo|picture) (of|showing)|the camera shows|an image (with|of)|there (is|are)) ", re.I)
_ONE = re.compile(r"^(a|an|one|the) ")
_MANY = re.compile(r"^(two|three|four|several|many|some|a few) ")


def split_phrases(caption: str) -> list[str]:
    """`A view of two lamps and a sofa.` -> ["lamp", "sofa"]: opening, amounts and a plural's s are dropped."""
    text = _OPENING.sub("", caption.strip().rstrip(".").strip())
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+", text)
    found = []
    for part in (p.strip().lower() for p in parts):
        if _MANY.match(part):
            part = _MANY.sub("", part).removesuffix("s")
        found.append(_ONE.sub("", part))
    return [part for part in found if part]


def learn_phrases(captioned: Iterable[tuple[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    """Pairs of (caption, labels of its photo) -> the labels that each phrase implies."""
    book: dict[str, frozenset[str]] = {}
    for caption, labels in captioned:
        for phrase in split_phrases(caption):
            book[phrase] = book[phrase] & labels if phrase in book else labels
    return book


def stated_labels(caption: str, labels: frozenset[str], book: dict[str, frozenset[str]]) -> frozenset[str]:
    """The labels of its photo that a caption states; all of them if no phrase of it is understood."""
    stated: frozenset[str] = frozenset()
    for phrase in split_phrases(caption):
        stated |= book.get(phrase, frozenset()) & labels
    return stated or labels
