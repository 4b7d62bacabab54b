"""Titles come in by their ids, once, and a line says no more than it says."""

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection

from bingeboard.errors import Invalid, Stale
from bingeboard.importing import Rejects, Source, Summary
from bingeboard.shows.models import Platform, Show, ShowPlatform
from bingeboard.shows.services import OUTER_IDS, import_shows, platform_slug, show_id_of
from tests.imports import everything, rejects, write

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HEAT: dict[str, Any] = {
    "id": 6,
    "title": "Heat",
    "year": 1995,
    "media_type": "movie",
    "genres": ["Crime", "Drama"],
    "overview": "A thief and a detective drink coffee.",
    "cast": ["Al Pacino", "Robert De Niro"],
    "directors": ["Michael Mann"],
    "keywords": ["heist"],
    "user_tags": ["tense"],
    "moods": ["tense"],
    "themes": ["loyalty"],
    "popularity": 12.5,
    "vote_average": 7.9,
    "vote_count": 6500,
    "runtime": 170,
    "release_date": "1995-12-15",
    "tmdb_id": 949,
    "imdb_id": "tt0113277",
    "platforms": ["Netflix", "Apple TV+"],
}


def bring(folder: Path, *lines: Any, dry_run: bool = False) -> Summary:
    """Import these lines; the rejects are in folder/rejects.csv."""
    path = write(folder / "shows.jsonl", lines)
    with Rejects(folder / "rejects.csv") as found:
        return import_shows(source=Source(path), rejects=found, now=NOW, dry_run=dry_run)


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return (summary.read, summary.added, summary.updated, summary.unchanged, summary.rejected)


def services(show_id: int) -> set[str]:
    return set(ShowPlatform.objects.filter(show=show_id).values_list("platform__slug", flat=True))


def test_every_fact_of_a_line_is_kept(tmp_path):
    summary = bring(tmp_path, HEAT)

    assert counts(summary) == (1, 1, 0, 0, 0)
    show = Show.objects.get(pk=6)
    assert (show.title, show.content_type, show.release_year, show.runtime_minutes) == ("Heat", "movie", 1995, 170)
    assert (show.tmdb_id, show.imdb_id, show.release_date) == (949, "tt0113277", dt.date(1995, 12, 15))
    assert (show.popularity, show.vote_average, show.vote_count) == (12.5, 7.9, 6500)
    assert show.overview == "A thief and a detective drink coffee."
    for name in ("genres", "cast", "directors", "keywords", "user_tags", "moods", "themes"):
        assert getattr(show, name) == HEAT[name]
    assert show.created_at == show.updated_at == NOW
    assert services(6) == {"netflix", "apple-tv-plus"}
    assert Platform.objects.get(slug="apple-tv-plus").name == "Apple TV+"


def test_a_file_imported_twice_changes_nothing_the_second_time(tmp_path):
    lines = [HEAT, {"id": 7, "title": "Ran"}, {"id": "x:1", "title": "Ikiru", "imdb_id": "tt0044741"}]
    bring(tmp_path, *lines)
    before = everything()

    summary = bring(tmp_path, *lines)

    assert counts(summary) == (3, 0, 0, 3, 0)
    assert everything() == before


def test_what_a_line_leaves_out_stays_as_it_was(tmp_path):
    bring(tmp_path, HEAT)
    before = everything()

    summary = bring(tmp_path, {"id": 6, "title": "Heat", "overview": None, "genres": [], "platforms": [], "runtime": 0})

    assert counts(summary) == (1, 0, 0, 1, 0)
    assert everything() == before


def test_what_a_line_gives_replaces_what_was_there(tmp_path):
    bring(tmp_path, HEAT, {"id": 7, "title": "Ran"})

    summary = bring(
        tmp_path, {"id": 6, "title": "HEAT", "genres": ["Crime"], "platforms": ["Hulu"]}, {"id": 7, "title": "Ran"}
    )

    assert counts(summary) == (2, 0, 1, 1, 0)
    show = Show.objects.get(pk=6)
    assert (show.title, show.genres, show.cast) == ("HEAT", ["Crime"], HEAT["cast"])
    assert services(6) == {"hulu"}


def test_services_that_a_curator_entered_stay(tmp_path):
    bring(tmp_path, HEAT)
    mubi = Platform.objects.create(slug="mubi", name="MUBI")
    ShowPlatform.objects.create(show_id=6, platform=mubi, source="curated")
    ShowPlatform.objects.create(show_id=6, platform=mubi, region="DE")

    bring(tmp_path, {**HEAT, "platforms": ["Hulu"]})
    again = bring(tmp_path, {**HEAT, "platforms": ["Hulu"]})

    assert services(6) == {"hulu", "mubi"}
    assert ShowPlatform.objects.filter(show=6).count() == 3
    assert again.unchanged == 1


def test_of_two_lines_about_one_title_the_last_counts(tmp_path):
    summary = bring(tmp_path, HEAT, {**HEAT, "title": "Heat 2"}, {**HEAT, "title": "Heat 3"})

    assert counts(summary) == (3, 1, 0, 2, 0)
    assert summary.notes[0] == "lines overruled by another line of the same file: 2"
    assert Show.objects.get(pk=6).title == "Heat 3"


def test_a_dry_run_tells_all_and_keeps_nothing(tmp_path):
    bring(tmp_path, HEAT)
    before = everything()

    summary = bring(
        tmp_path, {**HEAT, "year": 1996}, {"id": 9, "title": "New", "platforms": ["Max"]}, "{", dry_run=True
    )

    assert counts(summary) == (3, 1, 1, 0, 1)
    assert everything() == before
    assert len(rejects(tmp_path / "rejects.csv")) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": None}, "id is empty"),
        ({"id": 0}, "id must be a whole number in 1 to 2^52 or a text, got 0"),
        ({"id": -3}, "id must be a whole number in 1 to 2^52 or a text, got -3"),
        ({"id": "-3"}, "id must be a whole number in 1 to 2^52 or a text, got '-3'"),
        ({"id": 1.5}, "id must be a whole number in 1 to 2^52 or a text, got 1.5"),
        ({"id": True}, "id must be a whole number in 1 to 2^52 or a text, got True"),
        ({"id": 2**52}, f"id must be a whole number in 1 to 2^52 or a text, got {2**52}"),
        ({"id": [6]}, "id must be a whole number in 1 to 2^52 or a text, got [6]"),
        ({"title": None}, "title is empty"),
        ({"title": "  "}, "title is empty"),
        ({"title": 1984}, "title must be text, got 1984"),
        ({"title": "x" * 501}, "title may have 500 letters, got 501"),
        ({"title": "He\0at"}, "title holds a NUL character"),
        ({"media_type": "game"}, "media_type must be one of movie, film, tv, show, series, got 'game'"),
        ({"year": 1849}, "year must be a whole number in 1850 to 2200, got 1849"),
        ({"year": "soon"}, "year must be a whole number in 1850 to 2200, got 'soon'"),
        ({"runtime": -5}, "runtime must be a whole number in 0 to 32767, got -5"),
        ({"vote_average": 10.1}, "vote_average must be a number in 0 to 10, got 10.1"),
        ({"vote_count": -1}, "vote_count must be a whole number in 0 to 2147483647, got -1"),
        ({"popularity": "NaN"}, "popularity must be a number, got 'NaN'"),
        ({"release_date": "15.12.1995"}, "release_date must be a date like 1995-11-22, got '15.12.1995'"),
        ({"tmdb_id": "tt1"}, "tmdb_id must be a whole number in 1 to 2147483647, got 'tt1'"),
        ({"imdb_id": "t" * 17}, "imdb_id may have 16 letters, got 17"),
        ({"genres": "Drama"}, "genres must be a list of texts, got 'Drama'"),
        ({"cast": ["x" * 301]}, "cast[0] may have 300 letters, got 301"),
        ({"keywords": [{}]}, "keywords[0] must be text, got {}"),
        ({"platforms": ["***"]}, "platforms: '***' has no name of 1 to 64 letters or digits"),
    ],
)
def test_a_bad_line_is_rejected_alone_and_named(tmp_path, changed, reason):
    bad = {**HEAT, **changed}

    summary = bring(tmp_path, {"id": 1, "title": "First"}, bad, {"id": 2, "title": "Last"})

    assert counts(summary) == (3, 2, 0, 0, 1)
    assert rejects(tmp_path / "rejects.csv") == [(2, reason, json.dumps(bad))]
    assert set(Show.objects.values_list("pk", flat=True)) == {1, 2}


def test_numbers_may_be_written_as_text_and_media_types_in_other_words(tmp_path):
    bring(
        tmp_path,
        {"id": "6", "title": " Heat ", "year": "1995", "media_type": "Series", "vote_average": "7.9", "runtime": 170.0},
    )

    show = Show.objects.get(pk=6)
    assert (show.title, show.release_year, show.content_type) == ("Heat", 1995, "tv")
    assert (show.vote_average, show.runtime_minutes) == (7.9, 170)


def test_a_text_id_becomes_the_same_number_every_time():
    assert show_id_of("tt0075314") == 6011216286485032
    assert show_id_of(" 42 ") == show_id_of(42) == show_id_of(42.0) == 42
    assert OUTER_IDS <= show_id_of("jw:ts300399") < 2 * OUTER_IDS


def test_a_line_with_a_text_id_fills_only_what_is_empty_in_the_title_it_names(tmp_path):
    bring(tmp_path, {"id": 6, "title": "Heat", "year": 1995, "genres": ["Crime"]})

    summary = bring(
        tmp_path,
        {**HEAT, "id": "tt0113277", "title": "Heat (1995)", "year": 1996, "genres": ["drama"], "ml_show_id": 6},
    )

    assert counts(summary) == (1, 0, 1, 0, 0)
    show = Show.objects.get()
    assert (show.title, show.release_year, show.genres) == ("Heat", 1995, ["Crime"])
    assert (show.runtime_minutes, show.cast) == (170, HEAT["cast"])
    assert services(6) == {"netflix", "apple-tv-plus"}


def test_a_linked_line_leaves_the_services_of_a_title_that_has_some(tmp_path):
    bring(tmp_path, HEAT)

    summary = bring(tmp_path, {"id": "x:1", "title": "Heat", "ml_show_id": 6, "platforms": ["Hulu"]})

    assert counts(summary) == (1, 0, 0, 1, 0)
    assert services(6) == {"netflix", "apple-tv-plus"}


def test_a_line_with_a_text_id_finds_its_title_by_imdb_id_too(tmp_path):
    bring(tmp_path, {"id": 6, "title": "Heat", "imdb_id": "tt0113277"})

    summary = bring(tmp_path, {"id": "x:1", "title": "Heat", "imdb_id": "tt0113277", "ml_show_id": 99, "year": 1995})

    assert counts(summary) == (1, 0, 1, 0, 0)
    assert Show.objects.get().release_year == 1995


def test_lines_that_find_no_title_become_titles_of_their_own_and_stay_them(tmp_path):
    lines = [
        {"id": "a", "title": "One", "imdb_id": "tt1"},
        {"id": "b", "title": "One again", "imdb_id": "tt1", "year": 2001},
        {"id": "c", "title": "Two", "ml_show_id": 99},
    ]

    first = bring(tmp_path, *lines)
    before = everything()
    second = bring(tmp_path, *lines)

    assert counts(first) == (3, 2, 0, 1, 0)
    assert set(Show.objects.values_list("pk", "title")) == {(show_id_of("a"), "One"), (show_id_of("c"), "Two")}
    assert counts(second) == (3, 0, 0, 3, 0)
    assert everything() == before


def test_a_link_to_a_title_of_the_same_file_is_followed_on_the_first_run_as_on_the_second(tmp_path):
    lines = [
        {"id": "x:1", "title": "Heat", "ml_show_id": 6},
        {"id": "x:2", "title": "Ran", "imdb_id": "tt0089881"},
        {"id": 6, "title": "Heat"},
        {"id": 7, "title": "Ran", "imdb_id": "tt0089881"},
    ]

    first = bring(tmp_path, *lines)
    second = bring(tmp_path, *lines)

    assert counts(first) == (4, 2, 0, 2, 0)
    assert counts(second) == (4, 0, 0, 4, 0)
    assert set(Show.objects.values_list("pk", flat=True)) == {6, 7}


def test_a_clashing_tmdb_id_is_left_out_and_the_title_kept(tmp_path):
    bring(tmp_path, {"id": 1, "title": "Holder", "tmdb_id": 5})
    lines = [
        {"id": 2, "title": "Late", "tmdb_id": 5},
        {"id": 3, "title": "Series", "media_type": "tv", "tmdb_id": 5},
        {"id": 4, "title": "First of two", "tmdb_id": 8},
        {"id": 5, "title": "Second of two", "tmdb_id": 8},
    ]

    first = bring(tmp_path, *lines)
    second = bring(tmp_path, *lines)

    assert counts(first) == (4, 4, 0, 0, 0)
    assert "tmdb_ids left out because another title has them: 2" in first.notes
    assert counts(second) == (4, 0, 0, 4, 0)
    assert dict(Show.objects.values_list("pk", "tmdb_id")) == {1: 5, 2: None, 3: 5, 4: 8, 5: None}


def test_titles_may_swap_their_tmdb_ids(tmp_path):
    bring(tmp_path, {"id": 1, "title": "A", "tmdb_id": 5}, {"id": 2, "title": "B", "tmdb_id": 6})

    summary = bring(tmp_path, {"id": 1, "title": "A", "tmdb_id": 6}, {"id": 2, "title": "B", "tmdb_id": 5})

    assert summary.updated == 2
    assert dict(Show.objects.values_list("pk", "tmdb_id")) == {1: 6, 2: 5}


def test_titles_made_by_hand_get_ids_above_the_imported_ones(tmp_path):
    bring(tmp_path, {"id": 5_000_000, "title": "High"}, {"id": "x:1", "title": "Outer"})

    made = Show.objects.create(title="By hand")

    assert 5_000_000 < made.pk < OUTER_IDS


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Disney+", "disney-plus"),
        ("Apple TV+", "apple-tv-plus"),
        ("Prime Video", "prime-video"),
        ("Max", "max"),
        ("Crunchyroll", "crunchyroll"),
        ("爱奇艺", "爱奇艺"),
    ],
)
def test_a_service_is_called_by_its_slug(name, slug):
    assert platform_slug(name) == slug


def test_two_ways_to_write_a_service_are_one(tmp_path):
    bring(tmp_path, {"id": 1, "title": "A", "platforms": ["Prime Video", "prime video"]})

    assert list(Platform.objects.values_list("slug", "name")) == [("prime-video", "Prime Video")]


def test_a_database_error_half_way_leaves_all_as_it_was(tmp_path):
    bring(tmp_path, HEAT)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON show_platforms EXECUTE FUNCTION refuse()"
        )
    before = everything()

    with pytest.raises(DatabaseError, match="no more"):
        bring(tmp_path, {"id": 8, "title": "New", "platforms": ["Max"]}, "{")

    assert everything() == before
    assert not (tmp_path / "rejects.csv").exists()


def test_a_file_cut_short_leaves_all_as_it_was(tmp_path):
    path = tmp_path / "shows.jsonl.gz"
    lines = "".join(json.dumps({"id": n, "title": f"Title {n * n}"}) + "\n" for n in range(1, 3000))
    path.write_bytes(gzip.compress(lines.encode())[:-100])
    before = everything()

    with pytest.raises(Invalid, match="damaged or cut short"), Rejects() as found:
        import_shows(source=Source(path), rejects=found, now=NOW)

    assert everything() == before


def test_two_imports_at_once_do_not_meet(tmp_path):
    with connection.copy().cursor() as other:
        other.execute("BEGIN; SELECT pg_advisory_xact_lock(hashtext('bingeboard import of shows'))")

        with pytest.raises(Stale, match="another import of shows is running"):
            bring(tmp_path, HEAT)

        other.execute("ROLLBACK")
        other.db.close()
    assert bring(tmp_path, HEAT).added == 1
