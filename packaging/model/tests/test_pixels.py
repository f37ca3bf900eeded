import numpy as np
from PIL import Image
import pytest

from gemba_pack.pixels import deployed_view, to_input, training_view


def picture(width, height):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], -1).astype(np.uint8))


def test_views_have_the_model_size_and_mirror_is_a_mirror():
    image = picture(353, 201)
    for view in ("squash", "center"):
        plain, mirrored = deployed_view(image, view), deployed_view(image, f"mirror-{view}")
        assert plain.shape == (224, 224, 3)
        assert np.abs(plain.astype(int) - mirrored[:, ::-1].astype(int)).mean() < 2


def test_center_of_a_square_is_the_squash():
    image = picture(100, 100)
    assert (deployed_view(image, "center") == deployed_view(image, "squash")).all()


def test_unknown_view_is_named():
    with pytest.raises(ValueError, match="sqash"):
        deployed_view(picture(10, 10), "sqash")


def test_training_views_are_the_same_each_time_and_differ_from_each_other():
    image = picture(300, 256)
    assert (training_view(image, "a.jpg", 3) == training_view(image, "a.jpg", 3)).all()
    assert (training_view(image, "a.jpg", 3) != training_view(image, "a.jpg", 4)).any()
    assert (training_view(image, "a.jpg", 3) != training_view(image, "b.jpg", 3)).any()


def test_input_is_channels_first_around_zero():
    values = to_input(np.full((1, 2, 2, 3), 255, np.uint8))
    assert values.shape == (1, 3, 2, 2) and values.dtype == np.float32
    assert (values == 1.0).all()
