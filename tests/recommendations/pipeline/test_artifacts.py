"""Models as files: published at once, checked when loaded, and replaced by the last good one when broken."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage

from bingeboard.errors import NotFound, Stale
from recommendations.models import ModelArtifact
from recommendations.pipeline import artifacts

pytestmark = pytest.mark.django_db


def published(now: dt.datetime, value: float) -> ModelArtifact:
    return artifacts.publish(
        kind="toy",
        arrays={"weights": np.full((2, 2), value)},
        document={"names": ["a", "b"]},
        parameters={"ridge": 1},
        data_window={},
        fit_report={"seconds": 0},
        now=now,
    )


def file_of(artifact: ModelArtifact, name: str = "weights") -> Path:
    return Path(default_storage.path(artifact.files[name]["path"]))


def test_the_newest_is_live_and_read_as_written(media, now) -> None:
    published(now, 1.0)
    second = published(now + dt.timedelta(seconds=1), 2.0)

    model = artifacts.live(kind="toy")

    assert model is not None
    assert model.version == second.version
    assert model.arrays["weights"].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert model.document == {"names": ["a", "b"]}
    assert list(ModelArtifact.objects.filter(state="live")) == [second]


def test_a_version_is_loaded_once_a_process(media, now) -> None:
    published(now, 1.0)

    assert artifacts.live(kind="toy") is artifacts.live(kind="toy")


def test_there_is_no_model_before_the_first(media) -> None:
    assert artifacts.live(kind="toy") is None


@pytest.mark.parametrize("harm", ["missing", "changed", "short"])
def test_a_broken_model_falls_back_to_the_last_good_one(media, now, harm) -> None:
    good = published(now, 1.0)
    broken = published(now + dt.timedelta(seconds=1), 2.0)
    path = file_of(broken)
    if harm == "missing":
        path.unlink()
    elif harm == "changed":
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(path.read_bytes()[:-8])

    model = artifacts.live(kind="toy")

    assert model is not None
    assert model.version == good.version
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.state, good.state) == ("broken", "live")


def test_without_a_good_one_left_there_is_none(media, now) -> None:
    file_of(published(now, 1.0)).unlink()

    assert artifacts.live(kind="toy") is None


def test_an_earlier_version_is_put_to_use_again(media, now) -> None:
    first, second = published(now, 1.0), published(now + dt.timedelta(seconds=1), 2.0)
    assert artifacts.live(kind="toy").version == second.version
    later = now + dt.timedelta(hours=1)

    artifacts.promote(artifact_id=first.pk, now=later)

    assert artifacts.live(kind="toy").arrays["weights"].tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert list(ModelArtifact.objects.filter(state="live").values_list("pk", "promoted_at")) == [(first.pk, later)]
    artifacts.promote(artifact_id=first.pk, now=later + dt.timedelta(hours=1))
    assert ModelArtifact.objects.get(pk=first.pk).promoted_at == later


def test_a_version_that_is_not_whole_is_not_put_to_use(media, now) -> None:
    first, second = published(now, 1.0), published(now + dt.timedelta(seconds=1), 2.0)
    file_of(first).unlink()

    with pytest.raises(Stale, match=f"{first.version} is broken: .*weights"):
        artifacts.promote(artifact_id=first.pk, now=now)
    with pytest.raises(NotFound, match="no model version 999999"):
        artifacts.promote(artifact_id=999999, now=now)

    assert artifacts.live(kind="toy").version == second.version
    assert ModelArtifact.objects.get(pk=first.pk).state == "broken"


def test_old_versions_go_with_their_files(media, now) -> None:
    made = [published(now + dt.timedelta(seconds=n), n) for n in range(5)]

    kept = set(ModelArtifact.objects.values_list("version", flat=True))

    assert kept == {artifact.version for artifact in made[-3:]}
    assert [file_of(artifact).exists() for artifact in made] == [False, False, True, True, True]


def test_a_failure_while_publishing_leaves_the_old_model_live(media, now, monkeypatch) -> None:
    old = published(now, 1.0)

    with pytest.raises(TypeError):
        artifacts.publish(
            kind="toy", arrays={"weights": np.zeros(1)}, document={"not json": object()}, parameters={}, data_window={},
            fit_report={}, now=now + dt.timedelta(seconds=1),
        )  # fmt: skip

    assert artifacts.live(kind="toy").version == old.version
