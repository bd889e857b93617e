"""What is said of an id that nobody knows, among a few and among very many."""

import pytest

from agent.config.problems import nearest_ids

IDS = ["CLOUD-CMP", "CLOUD-GATE-1", "P-CLOUD", "L-610902-1", "S-610902", "核心"]
MANY = [f"CAM-{number:06}" for number in range(5000)]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("CLOUD-CMPP", "did you mean CLOUD-CMP?"),
        ("cloud-cmp", "did you mean CLOUD-CMP?"),
        ("610902", "did you mean S-610902 or L-610902-1?"),
        ("nope", "known: CLOUD-CMP, CLOUD-GATE-1, L-610902-1, P-CLOUD, S-610902, 核心"),
        ("核心-1", "did you mean 核心?"),
        ("", "known: CLOUD-CMP, CLOUD-GATE-1, L-610902-1, P-CLOUD, S-610902, 核心"),
    ],
)
def test_like_ones_by_letters_and_by_what_holds_them(name: str, wanted: str) -> None:
    assert nearest_ids(name, IDS) == wanted


@pytest.mark.parametrize("name", ["CAM-00499", "CAM", "nope", "CAM-" * 500])
def test_ten_at_most_of_very_many(name: str) -> None:
    assert nearest_ids(name, MANY).count("CAM-0") <= 10
    assert len(nearest_ids(name, MANY)) < 200


def test_the_rest_is_counted() -> None:
    assert nearest_ids("nope", MANY).endswith("CAM-000009 and 4990 more")


def test_an_empty_store_says_so() -> None:
    assert nearest_ids("a", []) == "none is on file"
