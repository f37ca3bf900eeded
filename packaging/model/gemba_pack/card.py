"""The model card: what the pack was made of, what it scores, what it cannot do."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .photos import TIER_OF, Photo

TERMS = {
    "A": "clear terms (CC BY, CC0, MIT or public domain)",
    "B": "stated by the uploader (CC BY 4.0), photos partly gathered from the web",
    "C": "probably CC0, unproven",
    "D": "research terms",
}


def draw_curves(curves: dict[str, list[tuple[int, float]]], held_out: dict[str, dict], path: Path) -> None:
    """A small picture: loss over the steps of each stage, and the held-out recall after each stage."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.6), dpi=90)
    for stage, points in curves.items():
        axes[0].plot(*zip(*points), label=f"{stage} stage", linewidth=1)
    axes[0].set(xlabel="step", ylabel="loss in training")
    axes[0].legend(fontsize=7)
    for k, (stage, report) in enumerate(held_out.items()):
        found = report["captions"]["with_hub"]["text_to_image"]
        values = [found["r1"], found["r5"], found["r10"], 100 * report["labels"]["map"]]
        bars = axes[1].bar([x + 0.4 * k for x in range(4)], values, width=0.38, label=f"{stage} stage")
        axes[1].bar_label(bars, fontsize=6)
    axes[1].set_xticks([0.2, 1.2, 2.2, 3.2], ["R@1", "R@5", "R@10", "label mAP"], fontsize=7)
    axes[1].set(ylabel="held-out photos, %", ylim=(0, 100))
    axes[1].legend(fontsize=7)
    for axis in axes:
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _recall_row(name: str, found: dict) -> str:
    return f"| {name} | {found['r1']} | {found['r5']} | {found['r10']} | {found['median_rank']:.0f} |"


def write_card(path: Path, manifest: dict, photos: Sequence[Photo], picture: str) -> None:
    """Write card.md from the manifest and the photos in use."""
    seen = Counter(p.source for p in photos if p.part == "fit")
    held = Counter(p.site for p in photos if p.part == "choose")
    val, footage = manifest["quality"]["val"], manifest["quality"]["footage"]
    hub, calibration, training = manifest["hub"], manifest["calibration"], manifest["training"]
    captions, site, labels = val["captions"], val["site_captions"], val["labels"]
    names = list(labels["by_label"].items())
    lines = [
        f"# {manifest['name']} {manifest['version']}",
        "",
        "A small dual encoder that brings photos and English sentences into one space of "
        f"{manifest['dims']} dimensions. Image tower EfficientNet-Lite0 (Apache-2.0, pre-trained on ImageNet), text tower "
        "MiniLM-L6 (all-MiniLM-L6-v2, Apache-2.0), aligned by the recipe in `packaging/model` of this repository.",
        "",
        "## Use",
        "",
        "Finding moments in a site's own footage by an English sentence or a thing's name, on the box, for people who look "
        "at what was found. It is not meant to identify persons, to decide anything about a person, or to raise safety "
        "alarms by itself.",
        "",
        "## What it was trained on",
        "",
        f"* {seen['flickr8k']} photos of Flickr8k (Hodosh, Young, Hockenmaier 2013) with five captions each. The photos "
        "belong to their Flickr authors; the set is distributed for research.",
        f"* {sum(n for s, n in seen.items() if s != 'flickr8k')} labelled site photos from public detection and "
        "classification sets, with captions made from the labels:",
        "",
        "| source | terms | photos |",
        "| --- | --- | --- |",
        *(f"| {s} | {TIER_OF[s]} | {n} |" for s, n in sorted(seen.items()) if s in TIER_OF),
        "",
        "Terms: " + "; ".join(f"{k}: {v}" for k, v in TERMS.items() if k in {TIER_OF[s] for s in seen if s in TIER_OF}) + ".",
        "No photo is part of the pack. Sources of uncertain terms can be left out when the recipe is run (`--tiers`).",
        "",
        f"{held[False]} and {held[True]} further photos of the two kinds were kept from the towers, whole groups of like "
        "photos at a time: stage, precision, alphas and thresholds were chosen on them, and the background of the no-match "
        "test consists of them. The `val` photos below were used for nothing but these figures.",
        "",
        f"Stage: {training['stage']}. {training['summary']}",
        "",
        f"![loss and held-out figures]({picture})",
        "",
        "## What it scores",
        "",
        f"Flickr8k val, {captions['items']} photos, {5 * captions['items']} captions; views as deployed "
        f"({', '.join(manifest['image']['views'])}); precision as deployed.",
        "",
        "| direction | R@1 | R@5 | R@10 | median rank |",
        "| --- | --- | --- | --- | --- |",
        _recall_row("sentence to photo, cosine", captions["plain"]["text_to_image"]),
        _recall_row(f"sentence to photo, with hub term ({hub['alpha_sentence']})", captions["with_hub"]["text_to_image"]),
        _recall_row("photo to sentence", captions["plain"]["image_to_text"]),
        _recall_row(f"site caption to site photo ({site['items']} photos), with hub term", site["with_hub"]),
        "",
        f"Bare labels over {labels['items']} site photos kept apart, {labels['classes']} labels with at least five photos: "
        f"mean average precision {labels['map']} (hub term {hub['alpha_word']}; without {labels['map_plain']}). "
        "They come from the sources that were trained on; labels of other places are found less well.",
        "",
        "Best: " + ", ".join(f"{k} {v:.2f}" for k, v in names[:10]) + ". Poorest: "
        + ", ".join(f"{k} {v:.2f}" for k, v in names[-8:]) + ".",
        "",
        f"Sample footage, {footage['queries']} questions over short clips of fixed cameras: {footage['top1']} first, "
        f"{footage['top3']} among the first three, mean reciprocal rank {footage['mrr']}. So few questions show that it "
        "works, not how well.",
        "",
        f"\"Confident\" is z above {calibration['confident']}, \"possible\" above {calibration['possible']} "
        "(z: how far an answer stands above the best hundredth of the background, plus 3): with these, "
        f"{calibration['false_alarm_confident']:.0%} and {calibration['false_alarm_possible']:.0%} of held-out questions "
        "whose photo is not there are let through, and "
        f"{calibration['found_confident']:.0%} and {calibration['found_possible']:.0%} of those whose photo is there "
        f"(area under the curve {calibration['held_out_auc']}).",
        "",
        "## What it cannot do",
        "",
        "* It has seen some ten thousand photos. Things that were neither labelled nor common in Flickr8k are found by "
        "luck only; it is no substitute for a large CLIP.",
        "* Negation is not understood by the towers (\"without a hard hat\" finds hard hats): the query parser splits it "
        "off and subtracts.",
        "* Counts, left and right, who does what to whom, small or far things, text in the picture, and times are beyond it.",
        "* Frames are encoded one by one: motion and order of events are not seen.",
        "* English only.",
        "* People appear in training captions as Flickr users described them, with their habits of naming sex and age; "
        "results inherit that.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
