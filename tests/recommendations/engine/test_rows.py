"""Rows of a page: in order, no title twice, nothing empty."""

import pytest

from recommendations.engine.rows import Offer, arrange


def test_a_page_by_hand() -> None:
    offers = [Offer("a", [1, 2, 3, 4]), Offer("b", [2, 3, 4, 5]), Offer("c", [1, 2]), Offer("d", [6])]

    assert arrange(offers, rows=9, per_row=3) == [("a", [1, 2, 3]), ("b", [4, 5]), ("d", [6])]
    assert arrange(offers, rows=1, per_row=2) == [("a", [1, 2])]


def test_a_row_left_out_leaves_its_titles_to_those_below() -> None:
    assert arrange([Offer("few", [1, 2], least=3), Offer("next", [2, 7])], rows=5, per_row=5) == [("next", [2, 7])]


def test_a_short_row_that_is_full_is_none_too_short() -> None:
    assert arrange([Offer("few", [1, 2, 3], least=3)], rows=5, per_row=2) == [("few", [1, 2])]


def test_nothing_to_offer_is_no_row() -> None:
    assert arrange([], rows=3, per_row=3) == []
    assert arrange([Offer("a", []), Offer("b", [], least=0)], rows=3, per_row=3) == []


def test_an_offer_that_repeats_itself_does_not_repeat_in_its_row() -> None:
    assert arrange([Offer("a", [1, 1, 2])], rows=1, per_row=3) == [("a", [1, 2])]


def test_whatever_is_offered_no_title_stands_twice(rng) -> None:
    offers = [Offer(str(n), rng.integers(0, 40, size=15).tolist(), int(rng.integers(1, 4))) for n in range(12)]

    page = arrange(offers, rows=6, per_row=5)

    titles = [title for _, row in page for title in row]
    assert len(titles) == len(set(titles))
    assert len(page) <= 6
    assert all(1 <= len(row) <= 5 for _, row in page)
    places = [int(key) for key, _ in page]
    assert places == sorted(places)


@pytest.mark.parametrize(("rows", "per_row"), [(0, 1), (1, 0)])
def test_a_page_of_nothing_is_refused(rows, per_row) -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        arrange([], rows=rows, per_row=per_row)
