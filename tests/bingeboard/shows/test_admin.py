"""The catalogue in the admin: what curators enter stays as they entered it."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from bingeboard.importing import Rejects, Source
from bingeboard.shows.models import Platform, Show, ShowPlatform
from bingeboard.shows.services import import_shows
from tests.admin_pages import form_on, staff

pytestmark = pytest.mark.django_db
TITLES = "admin:shows_show_changelist"


@pytest.fixture
def curator() -> Client:
    return staff("carla")


@pytest.fixture
def show() -> Show:
    return Show.objects.create(
        id=7, title="Dark", release_year=2017, genres=["Crime"], cast=["Ann Lee, Jr.", "Bo"], popularity=5
    )


def test_a_list_is_edited_one_entry_a_line(curator: Client, show: Show) -> None:
    address = reverse("admin:shows_show_change", args=[show.pk])
    form = form_on(curator.get(address).content.decode())
    assert form["cast"] == "Ann Lee, Jr.\nBo"

    curator.post(address, form | {"cast": " Bo \r\n\r\nAnn Lee, Jr.\r\nZoë\r\n", "moods": ""})

    show.refresh_from_db()
    assert show.cast == ["Bo", "Ann Lee, Jr.", "Zoë"]
    assert show.moods == []


def test_a_title_made_by_hand_gets_an_id_of_its_own(curator: Client, show: Show) -> None:
    form = form_on(curator.get(reverse("admin:shows_show_add")).content.decode()) | {"title": "New"}

    assert curator.post(reverse("admin:shows_show_add"), form).status_code == 302

    assert Show.objects.get(title="New").pk != show.pk


def test_availability_entered_by_hand_outlives_the_next_import(
    curator: Client, show: Show, tmp_path: Path, now: dt.datetime
) -> None:
    for name in ("Streamly", "Flixo"):
        Platform.objects.create(slug=name.lower(), name=name)
    flixo = Platform.objects.get(slug="flixo")
    address = reverse("admin:shows_show_change", args=[show.pk])
    form = form_on(curator.get(address).content.decode())
    added = {"availability-TOTAL_FORMS": "1", "availability-0-platform": flixo.pk, "availability-0-region": "DE"}
    assert curator.post(address, form | added | {"availability-0-show": show.pk}).status_code == 302

    catalogue = tmp_path / "shows.jsonl"
    line = {"id": 7, "title": "Dark", "media_type": "tv", "platforms": ["Streamly"]}
    catalogue.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with Rejects(tmp_path / "rejects.csv") as rejects:
        import_shows(source=Source(catalogue), rejects=rejects, now=now)

    kept = ShowPlatform.objects.values_list("platform__slug", "region", "source").order_by("source")
    assert list(kept) == [("flixo", "DE", "curated"), ("streamly", "", "import")]


def test_dates_the_wrong_way_round_are_refused(curator: Client, show: Show) -> None:
    platform = Platform.objects.create(slug="flixo", name="Flixo")
    given = {"show": show.pk, "platform": platform.pk, "valid_from": "2026-06-02", "valid_until": "2026-06-01"}

    response = curator.post(reverse("admin:shows_showplatform_add"), given)

    assert response.status_code == 200
    assert not ShowPlatform.objects.exists()


def test_titles_are_switched_off_and_on_again_and_it_is_noted(curator: Client, show: Show) -> None:
    def switch(action: str) -> bool:
        curator.post(reverse(TITLES), {"action": action, "_selected_action": [show.pk]})
        return Show.objects.get(pk=show.pk).is_active

    assert switch("stop_recommending") is False
    assert switch("recommend") is True
    assert switch("recommend") is True
    told = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(told) == ["No longer recommended", "Recommended again"]


def test_a_title_is_never_deleted(curator: Client, show: Show) -> None:
    assert curator.post(reverse("admin:shows_show_delete", args=[show.pk]), {"post": "yes"}).status_code == 403
    curator.post(reverse(TITLES), {"action": "delete_selected", "_selected_action": [show.pk], "post": "yes"})

    assert Show.objects.filter(pk=show.pk).exists()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "dar"}, [7]),
        ({"q": "7"}, [7]),
        ({"q": "2001"}, [8]),
        ({"genre": "Crime"}, [7]),
        ({"service": "flixo"}, [8]),
        ({"missing": "genres"}, [8]),
        ({"missing": "availability"}, [7]),
        ({"release_year_from": "2000"}, [7]),
    ],
)
def test_titles_are_found(curator: Client, show: Show, asked: dict[str, str], found: list[int]) -> None:
    other = Show.objects.create(id=8, title="2001", release_year=1968)
    ShowPlatform.objects.create(show=other, platform=Platform.objects.create(slug="flixo", name="Flixo"))

    listed = curator.get(reverse(TITLES), asked).context_data["cl"].result_list

    assert [one.pk for one in listed] == found


def test_deleting_a_service_says_what_goes_with_it(curator: Client, show: Show) -> None:
    platform = Platform.objects.create(slug="flixo", name="Flixo")
    ShowPlatform.objects.create(show=show, platform=platform)
    address = reverse("admin:shows_platform_delete", args=[platform.pk])

    assert "1 show platforms" in curator.get(address).content.decode()
    curator.post(address, {"post": "yes"})

    assert not Platform.objects.exists()
    assert not ShowPlatform.objects.exists()


def test_a_service_keeps_its_slug(curator: Client) -> None:
    """Events and preferences know it by that."""
    platform = Platform.objects.create(slug="flixo", name="Flixo")

    curator.post(reverse("admin:shows_platform_change", args=[platform.pk]), {"name": "Flixo+", "slug": "other"})

    assert Platform.objects.values_list("slug", "name").get() == ("flixo", "Flixo+")
