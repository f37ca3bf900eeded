import pytest

from gemba_pack.groups import group_of, is_held_out


@pytest.mark.parametrize(
    "a, b, same",
    [
        ("cctv_fire/0090_newsmoke1-mp4-25-jpg.jpg", "cctv_fire/0007_newsmoke1-mp4-21-jpg.jpg", True),
        ("cctv_fire/0090_newsmoke1-mp4-25-jpg.jpg", "cctv_fire/0007_newsmoke1-mp4-104-jpg.jpg", False),
        ("fall_action/0074_fall011.jpg", "fall_action/0122_fall019.jpg", True),
        ("fall_action/0074_fall011.jpg", "other/0122_fall011.jpg", False),
        ("ewaste/0019_20250616-205808-jpg.jpg", "ewaste/0020_20250616-205931-jpg.jpg", True),
        ("ewaste/0019_20250616-205808-jpg.jpg", "ewaste/0020_20250616-211931-jpg.jpg", False),
    ],
)
def test_neighbours_share_a_group(a, b, same):
    assert (group_of(a) == group_of(b)) is same


def test_held_out_share_is_met_and_stable():
    groups = [f"source/{i}" for i in range(5000)]
    held = {g for g in groups if is_held_out(g, 0.1)}
    assert 400 < len(held) < 600
    assert held <= {g for g in groups if is_held_out(g, 0.2)}
    assert held == {g for g in groups[::-1] if is_held_out(g, 0.1)}
