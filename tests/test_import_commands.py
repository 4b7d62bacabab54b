"""The four import commands: a bad file changes nothing and ends in one line; a bad line is listed."""

import gzip

import pytest

from bingeboard.shows.models import Show
from tests.imports import everything, rejects, run, write

pytestmark = pytest.mark.django_db
GOOD = {
    "import_shows": ['{"id": 1, "title": "Heat"}', '{"id": 2, "title": "Ran", "platforms": ["Max"]}'],
    "import_ratings": ["user_id,show_id,rating,timestamp", "1,900,4,964982703", "2,900,2,964982703"],
    "import_tags": ["user_id,show_id,tag,timestamp", "1,900,slick,964982703", "2,900,cold,964982703"],
    "import_friends": ["user_id,friend_id", "1,2", "2,3"],
}
BAD_LINE = {
    "import_shows": '{"id": 3}',
    "import_ratings": "1,900,6,1",
    "import_tags": "1,901,slick,1",
    "import_friends": "1,1",
}
commands = pytest.mark.parametrize("command", GOOD)
PACKED = gzip.compress("\n".join(f"{n},{n * n}" for n in range(5000)).encode())


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Show.objects.create(id=900, title="There already")


@commands
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_comes_in_gzipped_or_plain_and_is_summed_up(command, packed, tmp_path):
    path = write(tmp_path / "file", GOOD[command])
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))

    first, second = run(command, path), run(command, path)

    what = command.removeprefix("import_")
    assert first.code == second.code == 0
    assert first.out.startswith(f"{what}: 2 read, 2 added, 0 updated, 0 unchanged, 0 rejected in ")
    assert second.out.startswith(f"{what}: 2 read, 0 added, 0 updated, 2 unchanged, 0 rejected in ")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@commands
def test_a_dry_run_says_what_would_change_and_keeps_nothing(command, tmp_path):
    path = write(tmp_path / "file", GOOD[command])
    before = everything()

    ran = run(command, path, "--dry-run")

    assert ran.code == 0
    assert "dry run, nothing was kept; it would be: 2 read, 2 added" in ran.out
    assert everything() == before


@commands
def test_a_bad_line_is_listed_in_the_current_folder_and_the_rest_comes_in(command, tmp_path):
    path = write(tmp_path / "file.csv", [GOOD[command][0], BAD_LINE[command], *GOOD[command][1:]])

    ran = run(command, path)

    assert ran.code == 0
    assert "2 added" in ran.out
    assert "1 rejected" in ran.out
    assert f"the rejected lines are in {tmp_path}/file.csv.rejects.csv" in ran.out
    assert [(line, content) for line, _, content in rejects(tmp_path / "file.csv.rejects.csv")] == [
        (2, BAD_LINE[command])
    ]


@commands
def test_the_rejects_go_where_they_are_told_to(command, tmp_path):
    path = write(tmp_path / "file", [GOOD[command][0], BAD_LINE[command], *GOOD[command][1:]])

    run(command, path, "--rejects", tmp_path / "bad.csv")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "file"]


@commands
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nowhere.csv", None, "there is no file {path}"),
        ("empty.csv", b"", "{path} is empty"),
        ("blank.csv", b"\n\n", "{path} is empty"),
        ("plain.csv.gz", b"user_id,friend_id\n1,2\n", "{path} is named .gz but is not gzipped"),
        ("short.csv.gz", PACKED[:-20], None),
        ("utf16.csv", "user_id,show_id,rating,tag,friend_id\n1,2,3,4,5\n".encode("utf-16"), "0xff"),
        ("binary.bin", bytes(range(256)) * 40, None),
        ("other.csv", b"name;age\nann;9\n", None),
    ],
)
def test_a_bad_file_changes_nothing_and_ends_in_one_line(command, name, content, reason, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    before = everything()

    ran = run(command, path)

    assert ran.code == 2
    assert str(path) in ran.error
    assert "\n" not in ran.error
    if reason is not None and not (command == "import_shows" and reason == "0xff"):
        assert reason.format(path=path) in ran.error
    assert ran.out == ""
    assert everything() == before


@commands
def test_a_folder_is_refused(command, tmp_path):
    ran = run(command, tmp_path)

    assert (ran.code, ran.error) == (2, f"{tmp_path} is a folder; name a file")


@commands
def test_a_file_of_bad_lines_alone_is_a_bad_file_that_says_what_is_wrong(command, tmp_path):
    header = GOOD[command][:1] if command != "import_shows" else []
    path = write(tmp_path / "file.csv", [*header, BAD_LINE[command], BAD_LINE[command]])
    before = everything()

    ran = run(command, path)

    assert ran.code == 2
    first, reason, _ = rejects(tmp_path / "file.csv.rejects.csv")[0]
    assert ran.error == (
        f"{path}: none of its 2 lines can be taken in; the first, line {first}: {reason}"
        f" (all are in {tmp_path}/file.csv.rejects.csv)"
    )
    assert everything() == before


@commands
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (".", "--rejects . is a folder; name a file"),
        ("no/rejects.csv", "--rejects no/rejects.csv: there is no folder no"),
        ("/dev/null", "--rejects /dev/null is no ordinary file"),
        ("file", "--rejects file is the file to import itself"),
    ],
)
def test_a_wrong_place_for_rejects_is_refused_before_anything_is_read(command, target, reason, tmp_path):
    path = write(tmp_path / "file", GOOD[command])
    before = everything()

    ran = run(command, path, "--rejects", target)

    assert ran.code == 2
    assert reason in ran.error
    assert everything() == before
    assert path.read_text().splitlines() == GOOD[command]


def test_everyone_in_a_file_of_friends_can_be_said_to_share(tmp_path):
    path = write(tmp_path / "file", GOOD["import_friends"])

    ran = run("import_friends", path, "--share")

    assert "viewers who now share with friends: 3" in ran.out


@pytest.mark.shared_data
def test_the_real_files_come_in_whole(shared_data, tmp_path):
    data = shared_data / "data"
    Show.objects.all().delete()

    for command, file, rows in [
        ("import_shows", "shows.jsonl.gz", "9,742 read, 9,742 added, 0 updated, 0 unchanged, 0 rejected"),
        ("import_ratings", "ratings.csv.gz", "100,836 read, 100,836 added, 0 updated, 0 unchanged, 0 rejected"),
        ("import_tags", "tags.csv.gz", "3,683 read, 3,683 added, 0 updated, 0 unchanged, 0 rejected"),
        (
            "import_friends",
            "social-filmtrust/friends.csv",
            "1,853 read, 1,309 added, 0 updated, 544 unchanged, 0 rejected",
        ),
    ]:
        assert rows in run(command, data / file).out
