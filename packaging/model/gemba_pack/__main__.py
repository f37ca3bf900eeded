"""python -m gemba_pack: make the bundled pack from the data in one go.

Every costly step is kept in the work folder; a run that was cut short goes on where it stopped.
"""

import argparse
from dataclasses import replace
import json
import logging
import os
from pathlib import Path
import shutil

import torch

from .card import draw_curves, write_card
from .features import PhotoFeatures
from .manifest import check_manifest, write_manifest
from .pack import Context, Measurer, describe, export_float, finish, quantise
from .photos import read_photos
from .quantise import store_half
from .settings import Settings
from .texts import TextPool
from .train import trained_towers

log = logging.getLogger("gemba_pack")

PICTURE = "training.png"
INT8_COST_ALLOWED = 0.5  # points of held-out recall at 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gemba_pack", description="Train, measure and write the bundled model pack.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GEMBA_DATA", "../shared/data")))
    parser.add_argument("--out", type=Path, default=Path("packaging/pack"))
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "gemba" / "model")
    parser.add_argument("--stage", choices=("frozen", "tuned", "best"), default="best")
    parser.add_argument("--steps", type=int, help="steps of the second stage")
    parser.add_argument("--tiers", help="tiers of terms of the site photos to use, for example AB")
    parser.add_argument("--views", nargs="+", default=["squash", "mirror-center"], help="views averaged on the device")
    return parser.parse_args()


def held_out_report(context: Context, graphs: tuple[Path, Path], views: list[str]) -> dict:
    """The held-out figures of a vision and a text graph, at their own best alphas."""
    m = Measurer(context, *graphs, views)
    free, site = m.gallery("choose", False), m.gallery("choose", True)
    return m.report(free, site, *m.choose_alphas(free, site))


def merit(report: dict) -> float:
    """One figure to choose by: recall at 1 and 10 of both kinds of captions and label precision, in percent."""
    free, site = report["captions"]["with_hub"]["text_to_image"], report["site_captions"]["with_hub"]
    return (free["r1"] + free["r10"] + site["r1"] + site["r10"]) / 4 + 100 * report["labels"]["map"] / 2


def kept(path: Path, compute) -> dict:
    """A JSON result kept in the work folder."""
    if not path.exists():
        path.write_text(json.dumps(compute()), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    args = arguments()
    # The quantiser remarks on every tensor through the root logger; only its errors are wanted.
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(message)s", force=True)
    logging.getLogger("gemba_pack").setLevel(logging.INFO)
    settings = Settings()
    if args.steps:
        settings = replace(settings, tuned_steps=args.steps)
    if args.tiers:
        settings = replace(settings, tiers=args.tiers)
    torch.set_num_threads(settings.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    photos = read_photos(args.data, settings.held_out, settings.tiers)
    features = PhotoFeatures(settings, photos, args.data, args.work)
    context = Context(settings, photos, TextPool(photos), features, args.data, args.work)

    stages = ("frozen", "tuned") if args.stage == "best" else (args.stage,)
    reports, curves, folders = {}, {}, {}
    for stage in stages:
        towers, curves[stage] = trained_towers(settings, stage, photos, context.pool, features, args.work)
        name = f"{stage}-{settings.digest(*settings.__dataclass_fields__)}"
        folders[stage] = args.work / f"graphs-{name}"
        if not (folders[stage] / "text.onnx").exists():
            export_float(context, towers["image"], towers["text"], folders[stage])
        graphs = (folders[stage] / "vision.onnx", folders[stage] / "text.onnx")
        report = args.work / f"held-out-{name}-{'-'.join(args.views)}.json"
        reports[stage] = kept(report, lambda: held_out_report(context, graphs, args.views))
        log.info("%s stage: merit %.2f on the held-out photos", stage, merit(reports[stage]))
    stage = max(stages, key=lambda s: merit(reports[s]))
    log.info("the %s stage is packed", stage)

    chosen, costs = choose_precision(context, folders[stage], reports[stage], args.views)
    made = args.work / "pack"
    shutil.rmtree(made, ignore_errors=True)
    done = finish(context, chosen, args.views, made)
    summary = (
        f"{settings.frozen_epochs} epochs of projections over frozen towers"
        + (f", then {settings.tuned_steps} steps of tail, upper text layers and projections together" if stage == "tuned" else "")
        + f". Seed {settings.seed}. {costs}"
    )
    manifest = describe(context, args.views, done, {"stage": stage, "seed": settings.seed, "summary": summary})
    draw_curves(curves[stage], reports, made / PICTURE)
    write_card(made / "card.md", manifest, photos, PICTURE)
    write_manifest(made, manifest)
    if wrong := check_manifest(made):
        raise SystemExit("the pack does not hold together: " + "; ".join(wrong))
    shutil.rmtree(args.out, ignore_errors=True)
    shutil.copytree(made, args.out)
    log.info("wrote %s; the float32 graphs are in %s", args.out, folders[stage])


def choose_precision(context: Context, graphs: Path, whole: dict, views: list[str]) -> tuple[Path, str]:
    """Int8 for each graph unless it costs more than allowed; returns the folder to pack and a sentence for the card."""
    int8 = graphs.with_name(graphs.name + "-int8")
    if not (int8 / "text.onnx").exists():
        quantise(context, graphs, int8)

    def loss(vision: Path, text: Path, name: str) -> float:
        path = int8 / f"{name}-{'-'.join(views)}.json"
        found = kept(path, lambda: held_out_report(context, (vision, text), views))
        recall = [r["captions"]["with_hub"]["text_to_image"]["r1"] for r in (whole, found)]
        return round(recall[0] - recall[1], 2)

    text_cost = loss(graphs / "vision.onnx", int8 / "text.onnx", "text")
    image_cost = loss(int8 / "vision.onnx", graphs / "text.onnx", "vision")
    log.info("int8 costs %.2f (text) and %.2f (image) of held-out recall at 1", text_cost, image_cost)
    chosen = graphs.with_name(graphs.name + "-chosen")
    chosen.mkdir(exist_ok=True)
    precision = {}
    for name, cost in (("vision.onnx", image_cost), ("text.onnx", text_cost)):
        if cost <= INT8_COST_ALLOWED or name == "text.onnx":  # the text graph is too large for a pack otherwise
            precision[name] = "int8"
            shutil.copyfile(int8 / name, chosen / name)
        else:
            precision[name] = "float32 with weights stored as float16"
            store_half(graphs / name, chosen / name)
    return chosen, (
        f"Precision: image {precision['vision.onnx']}, text {precision['text.onnx']}; int8 costs {image_cost} (image) and "
        f"{text_cost} (text) points of held-out recall at 1."
    )


if __name__ == "__main__":
    main()
