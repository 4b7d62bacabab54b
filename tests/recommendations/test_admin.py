"""The engine's tables in the admin: a curator's word wins, and failed work can be had done again."""

import datetime as dt
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from kombu import Connection, pools

from bingeboard.celery import app
from bingeboard.shows.models import Show
from bingeboard.users.models import User
from recommendations.models import ContentFeature, ContentSimilarity, ModelArtifact, ServedList, ViewerState
from recommendations.pipeline import artifacts, features, sweep
from tests.admin_pages import form_on, staff

pytestmark = pytest.mark.django_db
STATES = "admin:recommendations_viewerstate_changelist"


@pytest.fixture
def curator() -> Client:
    return staff("carla")


@pytest.fixture
def show(now: dt.datetime) -> Show:
    show = Show.objects.create(
        id=7, title="Dark", genres=["Crime"], keywords=[f"word {n:02}" for n in range(30)], moods=["bleak"]
    )
    features.rebuild(now=now)
    return show


def page_of(show: Show) -> str:
    return reverse("admin:shows_show_change", args=[show.pk])


def row_of(form: dict[str, Any], value: str) -> str:
    """Return how the fields of the row with this value begin."""
    wanted = (name for name, held in form.items() if held == value and name.endswith("-feature_value"))
    return next(wanted).removesuffix("feature_value")


def test_a_feature_changed_on_the_title_s_page_is_curated_and_wins(
    curator: Client, show: Show, now: dt.datetime
) -> None:
    form = form_on(curator.get(page_of(show)).content.decode())
    row = row_of(form, "Crime")

    assert curator.post(page_of(show), form | {f"{row}weight": "0"}).status_code == 302
    features.rebuild(now=now)

    assert ContentFeature.objects.values_list("weight", "source").get(feature_value="Crime") == (0, "curated")
    assert ContentFeature.objects.filter(source="curated").count() == 1


def test_a_feature_added_is_spelt_as_the_pipeline_spells_it(curator: Client, show: Show, now: dt.datetime) -> None:
    form = form_on(curator.get(page_of(show)).content.decode())
    n = int(form["features-TOTAL_FORMS"])
    new = {
        "features-TOTAL_FORMS": str(n + 1),
        f"features-{n}-content": show.pk,
        f"features-{n}-feature_type": "theme",
        f"features-{n}-feature_value": "  Time  Travel ",
        f"features-{n}-weight": "1",
        f"features-{n}-confidence": "1",
    }

    assert curator.post(page_of(show), form | new).status_code == 302
    features.rebuild(now=now)

    added = ContentFeature.objects.get(feature_type="theme", source="curated")
    assert (added.feature_value, added.weight) == ("time travel", 1)


def test_the_second_page_of_features_is_saved_as_the_second(curator: Client, show: Show) -> None:
    address = page_of(show) + "?features-page=2"
    form = form_on(curator.get(address).content.decode())
    row = row_of(form, "bleak")

    assert curator.post(address, form | {f"{row}confidence": "0.5"}).status_code == 302

    changed = ContentFeature.objects.get(source="curated")
    assert (changed.feature_value, changed.confidence) == ("bleak", 0.5)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("genre", "Action & Adventure", "give one of them"),
        ("genre", "IMAX", "says nothing about a title"),
        ("keyword", "word 01", "already exists"),
    ],
)
def test_what_is_no_single_new_feature_is_refused(
    curator: Client, show: Show, kind: str, value: str, said: str
) -> None:
    before = ContentFeature.objects.count()
    given = {"content": show.pk, "feature_type": kind, "feature_value": value, "weight": "1", "confidence": "1"}

    response = curator.post(reverse("admin:recommendations_contentfeature_add"), given)

    assert response.status_code == 200
    assert said in response.content.decode()
    assert ContentFeature.objects.count() == before


def test_only_a_curated_feature_is_deleted(curator: Client, show: Show) -> None:
    found = ContentFeature.objects.get(feature_value="Crime")
    curated = ContentFeature.objects.create(content=show, feature_type="mood", feature_value="cosy", source="curated")

    def delete(feature: ContentFeature) -> int:
        address = reverse("admin:recommendations_contentfeature_delete", args=[feature.pk])
        return curator.post(address, {"post": "yes"}).status_code

    assert (delete(found), delete(curated)) == (403, 302)
    curator.post(
        reverse("admin:recommendations_contentfeature_changelist"),
        {"action": "delete_selected", "_selected_action": [found.pk], "post": "yes"},
    )
    form = form_on(curator.get(page_of(show)).content.decode())
    curator.post(page_of(show), form | {f"{row_of(form, 'Crime')}DELETE": "on"})
    assert ContentFeature.objects.filter(pk=found.pk).exists()
    assert not ContentFeature.objects.filter(pk=curated.pk).exists()


def test_a_title_s_neighbours_stand_on_its_page(curator: Client, show: Show) -> None:
    for n, score in ((8, 0.4), (9, 0.9)):
        other = Show.objects.create(id=n, title=f"Other <{n}>")
        ContentSimilarity.objects.create(
            content_a=show, content_b=other, similarity_type="genre", similarity_score=score
        )

    html = curator.get(page_of(show)).content.decode()

    assert html.index("Other &lt;9&gt;</a> 0.90") < html.index("Other &lt;8&gt;</a> 0.40")


@pytest.fixture
def given_up(user: User) -> ViewerState:
    return ViewerState.objects.create(
        user=user, behavior_version=2, attempts=sweep.MAX_ATTEMPTS, last_error="ValueError: <bad>"
    )


def test_what_was_given_up_is_tried_again_by_the_next_sweep(given_up: ViewerState, now: dt.datetime) -> None:
    administrator = staff("root", superuser=True)
    assert sweep.claim(now=now, count=10) == []

    administrator.post(reverse(STATES), {"action": "try_selected_again", "_selected_action": [given_up.pk]})

    given_up.refresh_from_db()
    assert (given_up.attempts, given_up.last_error) == (0, "")
    assert sweep.claim(now=now, count=10) == [given_up.pk]


def test_one_viewer_is_tried_again_from_their_page(given_up: ViewerState) -> None:
    address = reverse("admin:recommendations_viewerstate_try_again", args=[given_up.pk])
    administrator = staff("root", superuser=True)

    assert administrator.get(address).status_code == 200
    assert ViewerState.objects.get().attempts == sweep.MAX_ATTEMPTS
    administrator.post(address, {"_form_submitted": "on"})

    assert ViewerState.objects.get().attempts == 0


def test_an_earlier_model_is_put_to_use_in_the_admin(curator: Client, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    now = timezone.now()
    first, second = (
        artifacts.publish(
            kind="toy", arrays={}, document={"n": n}, parameters={}, data_window={},
            fit_report={"held_out_ndcg": 0.1234, "held_out_ndcg_error": 0.0056}, now=now,
        )
        for n in range(2)
    )  # fmt: skip
    address = reverse("admin:recommendations_modelartifact_make_live", args=[first.pk])
    administrator = staff("root", superuser=True)

    listed = administrator.get(reverse("admin:recommendations_modelartifact_changelist")).content.decode()
    assert "0.123 ± 0.006" in listed
    curator.post(address, {"_form_submitted": "on"})
    assert ModelArtifact.objects.get(state="live") == second
    administrator.post(address, {"_form_submitted": "on"})

    assert ModelArtifact.objects.get(state="live") == first


def test_a_viewer_in_work_is_left_to_who_works_on_them(given_up: ViewerState) -> None:
    lease = timezone.now() + dt.timedelta(minutes=1)
    ViewerState.objects.update(attempts=1, lease_until=lease)
    administrator = staff("root", superuser=True)

    administrator.post(reverse(STATES), {"action": "try_selected_again", "_selected_action": [given_up.pk]})

    assert ViewerState.objects.values_list("attempts", "lease_until").get() == (1, lease)


def test_curators_see_work_due_and_can_not_have_it_tried_again(curator: Client, given_up: ViewerState) -> None:
    html = curator.get(reverse(STATES)).content.decode()
    curator.post(reverse(STATES), {"action": "try_selected_again", "_selected_action": [given_up.pk]})

    assert "ValueError: &lt;bad&gt;" in html
    assert ViewerState.objects.get().attempts == sweep.MAX_ATTEMPTS


def test_a_viewer_s_page_shows_taste_and_what_they_did_last(world: SimpleNamespace) -> None:
    html = staff("root", superuser=True).get(reverse("admin:users_user_change", args=["space-0"])).content.decode()

    assert "Science Fiction" in html
    assert "Star Drift" in html


def test_a_candidate_is_explained_in_words(world: SimpleNamespace) -> None:
    administrator = staff("root", superuser=True)
    candidates = User.objects.get(pk="space-0")
    listed = (
        administrator.get(
            reverse("admin:recommendations_recommendationcandidate_changelist"), {"user__id__exact": candidates.pk}
        )
        .context_data["cl"]
        .result_list
    )

    html = administrator.get(
        reverse("admin:recommendations_recommendationcandidate_change", args=[listed[0].pk])
    ).content.decode()

    assert "How the score adds up" in html
    assert any(words in html for words in ("Because you watched", "Close in story", "You enjoy", "Popular with"))


def test_a_served_list_of_titles_that_are_gone_is_still_shown(user: User, now: dt.datetime) -> None:
    items = [
        {
            "show": 99,
            "position": 1,
            "breakdown": {},
            "propensity": 1.0,
            "reasons": [{"kind": "taste", "weight": 0.5, "feature": ["genre", "<Why>"]}],
        }
    ]
    row = ServedList.objects.create(
        request_id=uuid.uuid4(), user=user, algorithm="hybrid", items=items, generated_at=now, expires_at=now
    )

    html = (
        staff("root", superuser=True)
        .get(reverse("admin:recommendations_servedlist_change", args=[row.pk]))
        .content.decode()
    )

    assert "title 99, gone" in html
    assert "You enjoy &lt;Why&gt;" in html


def test_a_schedule_is_changed_in_the_admin() -> None:
    administrator = staff("root", superuser=True)
    task = PeriodicTask.objects.get(name="BingeBoard: trending")
    interval = IntervalSchedule.objects.create(every=7, period="minutes")
    address = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    form = form_on(administrator.get(address).content.decode())

    assert administrator.post(address, form | {"interval": interval.pk}).status_code == 302

    task.refresh_from_db()
    assert (task.interval, task.task, task.kwargs) == (interval, "recommendations.run_stage", '{"stage": "trending"}')


def test_run_now_says_so_when_the_broker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.amqp, "_producer_pool", pools.producers[Connection("redis://127.0.0.1:9/0")])
    chosen = {"action": "run_tasks", "_selected_action": [PeriodicTask.objects.get(task="recommendations.sweep").pk]}
    address = reverse("admin:django_celery_beat_periodictask_changelist")

    html = staff("root", superuser=True).post(address, chosen, follow=True).content.decode()

    assert "The broker does not answer; nothing was sent" in html
