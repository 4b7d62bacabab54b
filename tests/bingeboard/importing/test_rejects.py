"""Rejected lines are listed in a file that is there when it is whole, or not at all."""

import pytest

from bingeboard.errors import Invalid
from bingeboard.importing import Rejects, check_target, written_whole
from tests.imports import rejects


def test_rejects_are_listed_with_line_and_reason(tmp_path):
    path = tmp_path / "rejects.csv"

    with Rejects(path) as found:
        found.add(3, "no title", b'{"a": "\xff"}')
        found.add(9, "no id", 'has "quotes", and\tmore')

    assert found.count == 2
    assert found.first == (3, "no title")
    assert rejects(path) == [(3, "no title", '{"a": "\\xff"}'), (9, "no id", 'has "quotes", and\tmore')]


def test_without_rejects_there_is_no_file(tmp_path):
    with Rejects(tmp_path / "rejects.csv"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_no_file_and_an_older_one_as_it_was(tmp_path):
    path = tmp_path / "rejects.csv"
    path.write_text("older")

    def fail() -> None:
        with Rejects(path) as found:
            found.add(1, "no title", b"{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert [p.name for p in tmp_path.iterdir()] == ["rejects.csv"]
    assert path.read_text() == "older"


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "recs.csv"

    with written_whole(path) as file:
        file.write("half")
        assert not path.exists()
        file.write(" and half")

    assert path.read_text() == "half and half"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_refused_early(tmp_path):
    for path, reason in [
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "recs.csv", "there is no folder"),
        (tmp_path.joinpath("/dev/null"), "is no ordinary file"),
    ]:
        with pytest.raises(Invalid, match=reason):
            check_target(path, option="--out")
