import numpy as np
import torch

from gemba_pack.losses import soft_contrastive
from gemba_pack.phrases import learn_phrases, split_phrases, stated_labels
from gemba_pack.targets import Text, batch_targets, overlap


def labels(*names):
    return frozenset(names)


def test_overlap_needs_all_stated_labels():
    assert overlap(labels("a"), labels("a", "b")) == 0.5
    assert overlap(labels("a", "b"), labels("a", "b")) == 1.0
    assert overlap(labels("a", "c"), labels("a", "b")) == 0.0
    assert overlap(labels(), labels("a")) == 0.0


def test_site_text_matches_by_labels_and_everyday_text_ignores_other_sources():
    texts = [Text("a fire", labels("fire")), Text("a person", labels("person"), everyday=True), Text("A dog runs .")]
    photo_labels = [labels("fire", "smoke", "person", "car"), labels("person"), labels()]
    weights, ignored = batch_targets(texts, photo_labels, ["one", "two", "flickr8k"])
    assert weights[0].tolist() == [0.5, 0.0, 0.0]  # its own photo counts half though only a quarter fits
    assert weights[1].tolist() == [0.25, 1.0, 0.0]
    assert weights[2].tolist() == [0.0, 0.0, 1.0]
    assert ignored.tolist() == [[False] * 3, [False, False, True], [False] * 3]


def test_phrases_learn_synonyms_and_drop_counts():
    assert split_phrases("A view of two trash cans, a bus and an orange.") == ["trash can", "bus", "orange"]
    book = learn_phrases(
        [("A trash can.", labels("garbage bin", "person")), ("There are two trash cans.", labels("garbage bin", "box"))]
    )
    assert book["trash can"] == labels("garbage bin")
    assert stated_labels("A trash can.", labels("garbage bin", "door"), book) == labels("garbage bin")
    assert stated_labels("Something else.", labels("door"), book) == labels("door")


def test_loss_of_one_positive_each_is_cross_entropy_and_ignored_pairs_do_not_count():
    torch.manual_seed(0)
    u, t = (torch.nn.functional.normalize(torch.randn(4, 8), dim=1) for _ in range(2))
    eye, nothing = torch.eye(4), torch.zeros(4, 4, dtype=torch.bool)
    logits = t @ u.T / 0.1
    target = torch.arange(4)
    wanted = (torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.T, target)) / 2
    assert torch.allclose(soft_contrastive(u, t, eye, nothing, 0.1), wanted)
    ignored = nothing.clone()
    ignored[0, 1] = True
    assert soft_contrastive(u, t, eye, ignored, 0.1) < wanted
    assert torch.isfinite(soft_contrastive(u, t, eye, ~eye.bool(), 0.1))


def test_graded_positives_share_the_target():
    u = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1]]), dim=1)
    weights = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    loss = soft_contrastive(u, u, weights, torch.zeros(2, 2, dtype=torch.bool), 1.0)
    assert abs(float(loss) - np.log(2)) < 1e-4
