"""The demo page in a real browser: the list changes at once, by mouse, by keyboard, and without scripts."""

from collections.abc import Iterator
from typing import Any

import pytest

from bingeboard.users.models import User
from tests.chromium import Chromium

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("demo_on")]
LISTED = "[...document.querySelectorAll('#list [data-show]')].map((card) => card.dataset.show)"


@pytest.fixture
def chromium() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


def _become_ada(chromium: Chromium, address: str) -> list[str]:
    chromium.open(f"{address}/demo/")
    chromium.run("document.querySelector('button[value=demo-ada]').click()")
    # The list is there before all of its cards are: the rest of the page may still be on its way.
    chromium.until("document.readyState === 'complete' && !!document.querySelector('#list')")
    listed: list[str] = chromium.run(LISTED)
    return listed


def test_a_dismissed_title_is_gone_at_once_and_can_be_had_back(
    demo_ada: User, live_server: Any, chromium: Chromium
) -> None:
    before = _become_ada(chromium, live_server.url)
    chromium.run("window.stillHere = true")

    chromium.run("document.querySelector('#list .dismiss').click()")
    chromium.until("!!document.querySelector('.said button')")
    after = chromium.run(LISTED)
    told = chromium.until("document.getElementById('told').innerText")
    moved = chromium.run("document.querySelectorAll('.moved.new .move').length")
    chromium.run("document.querySelector('.said button').click()")
    chromium.until("!document.querySelector('.said button')")

    assert len(before) == 12
    assert before[0] not in after
    assert "Not interested in Title" in told
    assert moved >= 1
    assert before[0] in chromium.run(LISTED)
    # The page was never loaded anew, and its policy let all of it pass.
    assert chromium.run("window.stillHere") is True
    assert chromium.said == []
    assert not chromium.run("document.cookie.includes('bingeboard_demo')")


def test_the_keyboard_is_enough_and_does_not_lose_its_place(
    demo_ada: User, live_server: Any, chromium: Chromium
) -> None:
    before = _become_ada(chromium, live_server.url)

    chromium.run("document.querySelectorAll('#list .dismiss')[2].focus()")
    chromium.press("Enter", 13)
    chromium.until("!!document.querySelector('.said button')")

    assert before[2] not in chromium.run(LISTED)
    place = "[...document.querySelectorAll('#list .dismiss')].indexOf(document.activeElement)"
    assert chromium.until(f"{place} === 2")


def test_it_works_without_scripts(demo_ada: User, live_server: Any, chromium: Chromium) -> None:
    chromium.set_scripts(False)
    before = _become_ada(chromium, live_server.url)

    chromium.run("document.querySelector('#list .dismiss').click()")
    chromium.until("!!document.querySelector('.said button')")

    assert before[0] not in chromium.run(LISTED)
    assert "Not interested in Title" in chromium.run("document.getElementById('told').innerText")


@pytest.mark.parametrize("width", [320, 390, 768, 1300])
def test_nothing_is_wider_than_the_window(demo_ada: User, live_server: Any, chromium: Chromium, width: int) -> None:
    chromium.set_width(width)
    for address in ("/", "/demo/"):
        chromium.open(live_server.url + address)
        assert chromium.run("document.documentElement.scrollWidth") <= width, address
    _become_ada(chromium, live_server.url)

    assert chromium.run("document.documentElement.scrollWidth") <= width
    small = "[...document.querySelectorAll('#list button')].filter((b) => b.getBoundingClientRect().height < 36).length"
    assert chromium.run(small) == 0


def test_every_button_and_picture_has_a_name(demo_ada: User, live_server: Any, chromium: Chromium) -> None:
    _become_ada(chromium, live_server.url)

    nameless = (
        "[...document.querySelectorAll('button, a, input:not([type=hidden])')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.innerText.trim() || (e.labels && e.labels.length))).length"
        " + [...document.querySelectorAll('svg')]"
        ".filter((s) => !s.hasAttribute('aria-label') && s.getAttribute('aria-hidden') !== 'true').length"
    )
    assert chromium.run(nameless) == 0
    twice = "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map((e) => e.id))"
    assert chromium.run(twice) == 0
