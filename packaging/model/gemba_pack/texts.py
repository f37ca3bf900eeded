"""The texts that a photo may be shown with, and the draw of one of them."""

from collections import Counter
from collections.abc import Sequence
import random

from .phrases import learn_phrases, stated_labels
from .photos import Photo
from .targets import Text

EVERYDAY_CAPTIONS = 20  # a label in at least so many free captions is an everyday thing
_FORMS = ("{}", "{article} {}", "{article} {}.", "a photo of {article} {}.", "A {}.")


def label_forms(label: str) -> list[str]:
    """`forklift` -> the ways in which a bare label is written as a text."""
    article = "an" if label[0].lower() in "aeiou" else "a"
    return [form.format(label, article=article) for form in _FORMS]


def everyday_labels(labels: Sequence[str], captions: Sequence[str]) -> frozenset[str]:
    """The labels that free captions speak of often enough to be in photos that nobody labelled so."""
    counts: Counter[str] = Counter()
    padded = [" " + caption.lower().replace(".", " ") + " " for caption in captions]
    for label in labels:
        word = label.lower()
        counts[label] = sum(f" {word} " in text or f" {word}s " in text for text in padded)
    return frozenset(label for label in labels if counts[label] >= EVERYDAY_CAPTIONS)


class TextPool:
    """All texts of the photos. `texts[t]` is a text; `of(photo)` are the numbers of a photo's captions and labels."""

    def __init__(self, photos: Sequence[Photo]):
        fit = [p for p in photos if p.part == "fit"]
        book = learn_phrases((c, p.labels) for p in fit if p.site for c in p.captions)
        known = sorted({label for p in photos for label in p.labels})
        everyday = everyday_labels(known, [c for p in fit if not p.site for c in p.captions])
        self.texts: list[Text] = []
        numbers: dict[Text, int] = {}

        def number(text: Text) -> int:
            if text not in numbers:
                numbers[text] = len(self.texts)
                self.texts.append(text)
            return numbers[text]

        def site_text(words: str, labels: frozenset[str]) -> int:
            return number(Text(words, labels, labels <= everyday))

        self._captions: list[list[int]] = []
        self._labels: list[list[int]] = []
        for p in photos:
            if p.site:
                self._captions.append([site_text(c, stated_labels(c, p.labels, book)) for c in p.captions])
            else:
                self._captions.append([number(Text(c)) for c in p.captions])
            self._labels.append([site_text(f, frozenset({l})) for l in sorted(p.labels) for f in label_forms(l)])

    def captions_of(self, photo: int) -> list[int]:
        return self._captions[photo]

    def draw(self, photo: int, label_share: float, rng: random.Random) -> int:
        """One text of a photo: a bare label with probability `label_share` where it has labels, else a caption."""
        captions, labels = self._captions[photo], self._labels[photo]
        if labels and (not captions or rng.random() < label_share):
            return rng.choice(labels)
        return rng.choice(captions)
