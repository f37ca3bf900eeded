import numpy as np

from gemba_pack.hub import bank_texts, choose_alpha, hub_term
from gemba_pack.photos import Photo
from gemba_pack.settings import Settings


def test_hub_is_the_mean_of_the_highest_products():
    vectors, bank = np.array([[1.0, 0.0], [0.0, 0.5]]), np.array([[1.0, 0.0], [0.8, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert np.allclose(hub_term(vectors, bank, 2), [0.9, 0.25])
    assert np.allclose(hub_term(vectors, bank, 99), vectors @ bank.mean(0))


def test_correction_takes_back_a_hub():
    query = np.array([[0.6, 0.8]])
    hub_photo, right = np.array([0.75, 0.66]), np.array([0.0, 1.0])
    vectors = np.stack([hub_photo, right])
    bank = np.array([[0.9, 0.43], [0.8, 0.6], [1.0, 0.0]])
    plain = query @ vectors.T
    corrected = plain - 0.7 * hub_term(vectors, bank, 2)
    assert plain.argmax() == 0 and corrected.argmax() == 1


def test_bank_holds_only_captions_that_the_towers_saw():
    photos = [Photo(f"{i}", "flickr8k", "fit" if i % 2 else "val", (f"free {i}",)) for i in range(20)]
    photos += [Photo(f"s{i}", "amenities", "fit", ("A chair.", f"site {i}"), frozenset({"chair"})) for i in range(5)]
    settings = Settings(hub_bank=10, hub_site_share=0.3)
    bank = bank_texts(settings, photos)
    assert len(bank) == len(set(bank)) == 10
    assert not any(f"free {i}" in bank for i in range(0, 20, 2))
    assert sum(not t.startswith("free") for t in bank) == 3
    assert bank == bank_texts(settings, photos)


def test_smallest_of_equally_good_alphas_is_chosen():
    assert choose_alpha(lambda a: min(a, 0.5), (0.0, 0.5, 0.7, 1.0)) == 0.5
