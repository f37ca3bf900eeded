import numpy as np
import pytest

from gemba_pack.calibration import calibrate
from gemba_pack.evaluation import Gallery, TextVectors, label_precision, sentence_recall
from gemba_pack.footage import clip_vectors, measure
from gemba_pack.metrics import area_under_curve, average_precision, ranks
from gemba_pack.photos import Photo
from gemba_pack.settings import Settings


def test_ranks_count_ties_against_the_query():
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.2, 0.3]])
    positive = np.array([[False, True, False], [False, True, True]])
    assert ranks(scores, positive).tolist() == [3, 1]


def test_average_precision_is_the_textbook_one():
    scores, positive = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])
    assert average_precision(scores, positive) == pytest.approx((1 + 2 / 3) / 2)


def test_area_under_curve():
    assert area_under_curve(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(0.875)


def made_gallery(n=60, dims=16, seed=0):
    """Photos whose captions' vectors are noisy copies of their own."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, dims))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    photos = [Photo(f"{i}", "amenities", "choose", (f"caption {i}",), frozenset({"even" if i % 2 == 0 else "odd"})) for i in range(n)]
    known = {f"caption {i}": vectors[i] for i in range(n)} | {"even": vectors[0], "odd": vectors[1]}
    return Gallery(photos, vectors, np.zeros(n)), TextVectors(lambda words: [known[w] for w in words])


def test_perfect_vectors_are_found():
    gallery, texts = made_gallery()
    report = sentence_recall(gallery, texts, 0.7)
    assert report["text_to_image"]["r1"] == report["image_to_text"]["r1"] == 100.0
    assert set(label_precision(gallery, texts, 0.0)) == {"even", "odd"}


def test_equal_captions_share_their_photos():
    vectors = np.eye(2)
    photos = [Photo(str(i), "amenities", "choose", ("same",)) for i in range(2)]
    texts = TextVectors(lambda words: [np.array([0.0, 1.0]) for _ in words])
    assert sentence_recall(Gallery(photos, vectors, np.zeros(2)), texts, 0.0)["text_to_image"]["r1"] == 100.0


def test_calibration_keeps_to_its_false_alarms():
    asked, texts = made_gallery(seed=1)
    background, _ = made_gallery(seed=2)
    settings = Settings(calibration_pool=20)
    found = calibrate(settings, asked, background, texts, 0.0)
    assert found.confident > found.possible
    assert found.area > 0.95 and found.found_confident > 0.9


def test_clip_vector_is_the_mean_of_unit_view_means():
    frames = np.zeros((9, 2, 2))
    frames[:4, 0, 0] = frames[4:8, 0, 1] = 1
    frames[:8, 1, 0] = 1
    frames[8] = [[0, 1], [0, 1]]
    clips = clip_vectors(frames)
    assert np.allclose(clips, [[(0.5**0.5 + 1) / 2, 0.5**0.5 / 2], [0, 1]])


def test_footage_questions_without_an_answer_do_not_count():
    truth = [("a", ["x"]), ("b", ["y", "z"]), ("c", [])]
    found = measure(truth, [["x", "y", "z"], ["x", "y", "z"], ["x", "y", "z"]])
    assert (found["queries"], found["top1"], found["top3"]) == (2, 1, 2)
    assert found["mrr"] == 0.75
    assert found["map"] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2, abs=1e-3)
