"""The demo page: made-up viewers only, only where it is on, and the list follows at once, script or no script."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from bingeboard.pages.demo import COOKIE, COOKIE_SECONDS, SALT
from bingeboard.users.models import ApiToken, User
from recommendations.models import RecommendationFeedback
from tests.door import viewer

pytestmark = pytest.mark.usefixtures("demo_on")


def csrf(browser: Client) -> str:
    """Return the token of the page's forms."""
    page = browser.get("/demo/").content.decode()
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]  # type: ignore[index]


def become(browser: Client, who: str) -> Any:
    return browser.post("/demo/viewer/", {"viewer": who, "csrfmiddlewaretoken": csrf(browser)})


def shown(page: str) -> list[str]:
    """Return the ids of the list's titles, in order."""
    return re.findall(r'data-show="([^"]+)"', page)


def fields(page: str, do: str) -> dict[str, str]:
    """Return what the page's form sends when a button of it is pressed."""
    form = re.search(r'<form id="act".*?</form>', page, re.DOTALL)[0]  # type: ignore[index]
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) | {"do": do}


def test_where_it_is_off_there_is_nothing(demo_ada: User, browser: Client, settings: Any) -> None:
    token = csrf(browser)
    become(browser, "demo-ada")
    settings.DEMO = False

    answers = [browser.get("/demo/")]
    answers += [browser.post(f"/demo/{path}/", {"csrfmiddlewaretoken": token}) for path in ("viewer", "act")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_viewer_is_chosen_and_left(demo_ada: User, browser: Client) -> None:
    chosen = become(browser, "demo-ada")
    cookie = browser.cookies[COOKIE]
    page = browser.get("/demo/").content.decode()

    assert chosen.status_code == 302
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/demo/", True, "Strict")
    assert cookie["max-age"] == COOKIE_SECONDS
    assert len(shown(page)) == 12
    # Nothing that would open another door: no token was made, none is on the page.
    assert not ApiToken.objects.filter(user=demo_ada).exists()
    assert "bb_" not in page
    become(browser, "")
    assert "Who is watching?" in browser.get("/demo/").content.decode()


@pytest.mark.parametrize("who", ["ada", "bob", "demo-nobody", "demo-ben", "x\0"])
def test_only_made_up_viewers_can_be_chosen(demo_ada: User, browser: Client, who: str) -> None:
    answer = become(browser, who)

    assert answer.status_code == 404
    assert COOKIE not in browser.cookies


def test_who_has_a_password_for_trying_to_sign_in_can_be_chosen_too(demo_ada: User, browser: Client) -> None:
    demo_ada.set_password("of the demo")
    demo_ada.save()

    assert become(browser, "demo-ada").status_code == 302
    assert len(shown(browser.get("/demo/").content.decode())) == 12


@pytest.mark.parametrize("change", [{"is_staff": True}, {"is_active": False}, {"is_superuser": True}])
def test_who_could_do_more_or_is_shut_out_can_not_be_chosen(
    demo_ada: User, browser: Client, change: dict[str, Any]
) -> None:
    token = csrf(browser)
    become(browser, "demo-ada")
    User.objects.filter(pk=demo_ada.pk).update(**change)

    assert shown(browser.get("/demo/").content.decode()) == []
    assert browser.post("/demo/viewer/", {"viewer": "demo-ada", "csrfmiddlewaretoken": token}).status_code == 404


def test_a_cookie_of_ones_own_making_is_nobodys(demo_ada: User, browser: Client) -> None:
    viewer("bob")
    become(browser, "demo-ada")
    good = browser.cookies[COOKIE].value
    forged = [
        signing.dumps({"viewer": "demo-ada", "acts": [], "before": [], "said": ""}, salt="another"),
        signing.dumps({"viewer": "bob", "acts": [], "before": [], "said": ""}, salt=SALT),
        signing.dumps({"viewer": "demo-ada", "more": 1}, salt=SALT),
        signing.dumps(["demo-ada"], salt=SALT),
        good[:-2] + "xx",
        "",
    ]

    for value in forged:
        browser.cookies[COOKIE] = value
        assert "Who is watching?" in browser.get("/demo/").content.decode(), value


def test_a_cookie_ends(demo_ada: User, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    become(browser, "demo-ada")
    later = timezone.now().timestamp() + COOKIE_SECONDS + 5
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert "Who is watching?" in browser.get("/demo/").content.decode()


def test_another_sites_form_does_nothing(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    page = browser.get("/demo/").content.decode()
    sent = fields(page, f"dismiss:{shown(page)[0]}") | {"csrfmiddlewaretoken": "x" * 64}

    assert browser.post("/demo/act/", sent).status_code == 403
    assert browser.post("/demo/viewer/", {"viewer": "demo-ada"}).status_code == 403
    assert not RecommendationFeedback.objects.exists()


@pytest.mark.parametrize("kind", ["dismiss", "watch"])
def test_a_title_dealt_with_is_gone_and_comes_back_with_undo(demo_ada: User, browser: Client, kind: str) -> None:
    become(browser, "demo-ada")
    before = browser.get("/demo/").content.decode()
    first = shown(before)[0]

    sent = browser.post("/demo/act/", fields(before, f"{kind}:{first}"), headers={"X-Fragment": "board"})
    after = sent.content.decode()
    undo = re.search(r'value="(undo:[^"]+)"', after)[1]  # type: ignore[index]
    again = browser.post("/demo/act/", fields(after, undo), headers={"X-Fragment": "board"}).content.decode()

    assert first not in shown(after)
    assert f'value="like:{first}"' not in after, "it stands in another row still"
    assert "<html" not in after
    assert 'class="card moved new"' in after
    told = RecommendationFeedback.objects.filter(user=demo_ada)
    # Chance has a part in each list, so it is not the same to the last place.
    assert first in shown(again)
    assert "Taken back" in again
    assert not told.exists()


def test_feedback_points_back_to_the_list_it_came_from(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    page = browser.get("/demo/").content.decode()
    third = shown(page)[2]
    below = next(gid for gid in re.findall(r'name="place:([^"]+)"', page) if gid not in shown(page))

    for gid in (third, below):
        browser.post("/demo/act/", fields(page, f"like:{gid}"))

    from_list, from_row = RecommendationFeedback.objects.filter(user=demo_ada).order_by("id")
    assert (from_list.feedback_type, from_list.position) == ("like", 3)
    for kept, gid in ((from_list, third), (from_row, below)):
        assert fields(page, "")[f"place:{gid}"] == f"{kept.position} {kept.request_id}"
    assert from_list.request_id != from_row.request_id


def test_without_a_script_the_browser_lands_on_the_new_list(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    before = browser.get("/demo/").content.decode()
    first = shown(before)[0]

    sent = browser.post("/demo/act/", fields(before, f"dismiss:{first}"))
    landed = browser.get("/demo/").content.decode()
    later = browser.get("/demo/").content.decode()

    assert (sent.status_code, sent["Location"]) == (302, "/demo/")
    assert first not in shown(landed)
    assert "Not interested in Title" in landed
    assert "1 title left the list" in landed or "titles left the list" in landed
    # Told once; what can be taken back stays.
    assert 'class="told silent"' in later
    assert 'value="undo:' in later


@pytest.mark.parametrize(
    "do", ["", "like", "like:x", "erase:{}", "undo:{}", "undo:x", "like:\0", "dismiss:VXNlcjphZGE="]
)
def test_what_is_not_on_the_page_does_nothing(demo_ada: User, browser: Client, do: str) -> None:
    become(browser, "demo-ada")
    page = browser.get("/demo/").content.decode()
    sent = fields(page, do.format(shown(page)[0]))

    answer = browser.post("/demo/act/", sent, headers={"X-Fragment": "board"})

    assert answer.status_code == 200
    assert not RecommendationFeedback.objects.exists()
    assert 'value="undo:' not in answer.content.decode()


def test_a_place_that_is_no_number_is_refused(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    page = browser.get("/demo/").content.decode()
    first = shown(page)[0]
    sent = fields(page, f"like:{first}") | {f"place:{first}": "1e9"}

    answer = browser.post("/demo/act/", sent, headers={"X-Fragment": "board"}).content.decode()

    assert "a place is a number, got &#x27;1e9&#x27;" in answer
    assert not RecommendationFeedback.objects.exists()


def test_the_page_keeps_to_its_policy(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    response = browser.get("/demo/")
    page = response.content.decode()

    assert response["Cache-Control"] == "no-store"
    assert "form-action 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", page)
    assert re.findall(r"<script(?![^>]*src=\"/static/)", page) == []


def test_the_cookie_stays_small_whatever_is_said(demo_ada: User, browser: Client) -> None:
    become(browser, "demo-ada")
    for _ in range(8):
        page = browser.get("/demo/").content.decode()
        browser.post("/demo/act/", fields(page, f"watch:{shown(page)[0]}"))

    assert len(browser.cookies[COOKIE].value) < 3000
    assert browser.get("/demo/").content.decode().count('value="undo:') == 6


def test_production_has_no_demo_whatever_is_set() -> None:
    asked = "from bingeboard import settings; print(settings.DEMO)"
    env = {**os.environ, "BINGEBOARD_DEMO": "1", "BINGEBOARD_SECRET_KEY": "a key for whoever is in production 7"}
    said = [
        subprocess.run([sys.executable, "-c", asked], env=env | more, capture_output=True, text=True).stdout.strip()
        for more in ({}, {"BINGEBOARD_ENVIRONMENT": "production"}, {"BINGEBOARD_DEMO": ""})
    ]

    assert said == ["True", "False", "False"]
