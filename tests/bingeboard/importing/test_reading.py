"""A file is read line by line, whatever it is called; one that cannot be is refused in one line."""

import gzip
import os
import threading
from pathlib import Path

import pytest

from bingeboard.errors import Invalid
from bingeboard.importing import CsvFormat, JsonLines, Rejected, Source
from bingeboard.importing.reading import MAX_LINE_BYTES


def lines_of(path: Path) -> list[tuple[int, bytes]]:
    with Source(path).lines() as lines:
        return list(lines)


@pytest.mark.parametrize("name", ["plain.csv", "named.oddly"])
def test_a_plain_file_is_read_under_any_name_but_gz(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"a\r\n\n  \nb\nc")

    assert lines_of(path) == [(1, b"a"), (4, b"b"), (5, b"c")]


@pytest.mark.parametrize("name", ["packed.csv.gz", "packed.csv"])
def test_a_gzipped_file_is_known_by_its_first_bytes(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"a\nb\n", mtime=0))

    assert lines_of(path) == [(1, b"a"), (2, b"b")]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    path = tmp_path / "marked.csv"
    path.write_bytes(b"\xef\xbb\xbfuser_id\n")

    assert lines_of(path) == [(1, b"user_id")]


def test_a_pipe_can_be_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a\nb\n",))
    writer.start()

    found = lines_of(path)

    writer.join()
    assert found == [(1, b"a"), (2, b"b")]


def test_how_far_we_are_is_told_and_ends_at_the_size(tmp_path):
    path = tmp_path / "long.csv.gz"
    # Far longer than what any Python reads at once, also when compressed.
    path.write_bytes(gzip.compress(b"".join(b"%d\n" % (n * 2_654_435_761 % 2**32) for n in range(200_000))))
    heard: list[int] = []

    with Source(path, watch=heard.append).lines() as lines:
        assert sum(1 for _ in lines) == 200_000

    assert heard == sorted(heard)
    assert heard[-1] == path.stat().st_size
    assert len(set(heard)) >= 3


def test_a_line_without_an_end_is_cut_and_the_next_one_read(tmp_path):
    path = tmp_path / "endless.csv"
    path.write_bytes(b"x" * (3 * MAX_LINE_BYTES) + b"\nnext\n")

    (first, cut), second = lines_of(path)

    assert first == 1
    assert len(cut) == MAX_LINE_BYTES + 1
    assert second == (2, b"next")
    with pytest.raises(Rejected, match="longer than 1,000,000 bytes"):
        JsonLines().record(cut)


def damaged(content: bytes) -> bytes:
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


LONG = b"".join(b"%d,%d\n" % (n, n * n) for n in range(5000))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("blank.csv", b"\n \n", "blank.csv is empty"),
        ("nothing.csv.gz", gzip.compress(b"", mtime=0), "nothing.csv.gz is empty"),
        ("plain.csv.gz", b"user_id\n", "plain.csv.gz is named .gz but is not gzipped"),
        ("short.csv.gz", gzip.compress(LONG, mtime=0)[:-20], "short.csv.gz is damaged or cut short"),
        ("head.csv.gz", b"\x1f\x8b", "head.csv.gz is damaged or cut short"),
        ("bent.csv.gz", damaged(LONG), "bent.csv.gz is damaged or cut short"),
    ],
)
def test_a_bad_file_is_refused_naming_it(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(Invalid, match=reason):
        lines_of(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(Invalid, match=r"there is no file .*/nowhere.csv"):
        lines_of(tmp_path / "nowhere.csv")
    with pytest.raises(Invalid, match="is a folder; name a file"):
        lines_of(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON: "),
        (b"[1]", r"a JSON object is wanted, got \[1\]"),
        (b"null", "a JSON object is wanted, got None"),
        (b'{"a": NaN}', "not JSON: "),
        (b'{"a": Infinity}', "not JSON: "),
        (b'{"a": "\\ud800"}', "not JSON: "),
        (b'{"a": "\xff"}', "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
    ],
)
def test_a_line_that_is_no_json_object_is_rejected(line, reason):
    with pytest.raises(Rejected, match=reason):
        JsonLines().record(line)


def csv_format(header: bytes) -> CsvFormat:
    form = CsvFormat(required=("user_id", "show_id"), optional=("timestamp",))
    form.start(Path("x.csv"), iter([(1, header)]))
    return form


def test_columns_are_found_by_name_and_others_left_alone():
    form = csv_format(b' Show_ID ,"user_id",mood')

    assert form.record(b'7,"Mc""Fly, Marty",happy') == {
        "timestamp": "",
        "show_id": "7",
        "user_id": 'Mc"Fly, Marty',
        "mood": "happy",
    }


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"user_id,rating", "x.csv has no column show_id: found .'user_id', 'rating'.; the first line must name the"),
        (b"user_id;show_id", "x.csv has no column user_id: found .'user_id;show_id'."),
        (b"1,1,4.0", "x.csv has no column user_id"),
        (b"user_id,show_id,user_id", "x.csv has two columns user_id"),
        (b"\xff\xfeu\0s\0", "x.csv has no header: not UTF-8: byte 1 is 0xff"),
        (b"u\0s\0", "x.csv has no header: holds a NUL character"),
        (b'user_id,"show_id', "x.csv has no header: not CSV: "),
    ],
)
def test_a_file_with_the_wrong_columns_is_refused_saying_which_are_right(header, reason):
    with pytest.raises(Invalid, match=reason) as refusal:
        csv_format(header)

    assert "columns user_id, show_id, optionally timestamp" in refusal.value.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1", "1 fields under a header of 2"),
        (b"1,2,3", "3 fields under a header of 2"),
        (b'1,"2', "not CSV: "),
        (b'1,"2"3', "not CSV: "),
        (b"1,\xe9", "not UTF-8: byte 3 is 0xe9"),
        (b"1,\0", "holds a NUL character"),
    ],
)
def test_a_line_that_is_no_record_is_rejected(line, reason):
    with pytest.raises(Rejected, match=reason):
        csv_format(b"user_id,show_id").record(line)
