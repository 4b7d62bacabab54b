"""Whatever a catalogue file holds, it comes in twice as once, and its lines add up."""

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bingeboard.importing import Rejects, Source
from bingeboard.shows.services import import_shows
from tests.imports import everything, undone

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 3000),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(["movie", "tv", "Netflix", "tt1", "1995-11-22", "5"]),
    st.lists(st.text(max_size=5) | st.integers(), max_size=3),
)
RECORD = st.fixed_dictionaries(
    {"id": st.integers(-1, 6) | st.sampled_from(["a", "b", "c"]) | VALUE, "title": st.just("T") | VALUE},
    optional={
        **dict.fromkeys(("year", "media_type", "genres", "platforms", "overview", "runtime"), VALUE),
        "ml_show_id": st.integers(1, 6),
        "tmdb_id": st.integers(1, 3) | VALUE,
        "imdb_id": st.sampled_from(["tt1", "tt2"]) | VALUE,
    },
)
LINE = st.one_of(
    RECORD.map(json.dumps), RECORD.map(json.dumps), st.text(max_size=20).map(lambda t: t.replace("\n", " "))
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(lines=st.lists(LINE.map(lambda line: line.encode("utf-8", "replace")), max_size=12))
def test_any_lines_add_up_and_come_in_twice_as_once(tmp_path, lines):
    path = tmp_path / "any.jsonl"
    path.write_bytes(b'{"id": 1, "title": "First"}\n' + b"\n".join(lines))

    with undone():
        once = import_shows(source=Source(path), rejects=Rejects(), now=NOW)
        before = everything()
        twice = import_shows(source=Source(path), rejects=Rejects(), now=NOW)
        after = everything()

    for summary in (once, twice):
        assert summary.read == summary.added + summary.updated + summary.unchanged + summary.rejected
    assert (twice.added, twice.updated, twice.rejected) == (0, 0, once.rejected)
    assert after == before
