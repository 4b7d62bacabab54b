"""The home folder: made with care, kept private, refused where it is not ours."""

import os
import stat
from pathlib import Path

import pytest

from bingeboard.embedded.home import Home
from bingeboard.embedded.processes import Account, ServerError, reachable, server_account


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_kept_where_only_we_read(home: Home) -> None:
    home.prepare()

    first = home.secret("django")

    assert len(first) >= 32
    assert Home(home.path).secret("django") == first
    assert home.secret("postgres") != first
    assert mode_of(home.path / "secrets.json") == 0o600
    assert mode_of(home.path / "home.json") == 0o600


def test_secrets_that_can_not_be_read_are_never_replaced(home: Home) -> None:
    home.prepare()
    home.secret("postgres")
    (home.path / "secrets.json").write_text("{ torn")

    with pytest.raises(ServerError, match=r"secrets\.json can not be read"):
        home.secret("postgres")

    assert (home.path / "secrets.json").read_text() == "{ torn"


def test_a_folder_with_other_files_is_refused_and_left_alone(home: Home) -> None:
    home.path.mkdir()
    (home.path / "thesis.txt").write_text("years of work")

    with pytest.raises(ServerError, match="holds other files; name an empty folder in BINGEBOARD_HOME"):
        home.prepare()

    assert [path.name for path in home.path.iterdir()] == ["thesis.txt"]


def test_stored_media_do_not_make_a_folder_somebody_elses(home: Home) -> None:
    (home.path / "media").mkdir(parents=True)

    home.prepare()

    assert home.is_ours


def test_a_path_below_a_file_is_refused_by_name(folder: Path) -> None:
    (folder / "file").write_text("")

    with pytest.raises(ServerError, match=r"file/home can not be used: Not a directory; set BINGEBOARD_HOME"):
        Home(folder / "file" / "home").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_a_home_of_another_user_is_refused_by_their_name(home: Home) -> None:
    home.prepare()
    os.chown(home.path / "home.json", 65534, 65534)

    with pytest.raises(ServerError, match="belongs to nobody; run this as nobody, or set BINGEBOARD_HOME"):
        home.prepare()


def test_a_lock_is_one_processs_until_it_is_closed(home: Home) -> None:
    home.prepare()
    first = home.try_lock("demo.lock")

    assert first is not None
    assert home.try_lock("demo.lock") is None
    first.close()
    second = home.try_lock("demo.lock")
    assert second is not None
    second.close()


def test_data_stay_in_a_home_that_the_servers_account_can_reach(home: Home) -> None:
    home.prepare()

    assert home.data_folder() == home.path / "postgres"
    assert "outside" not in home.read("home.json")


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as another user only where we are root")
def test_data_lie_outside_where_the_account_can_not_reach_and_go_with_the_home(home: Home) -> None:
    home.prepare()
    home.path.chmod(0o700)
    outside = home.data_folder()

    assert outside.parent == Path("/var/tmp")
    assert reachable(outside, server_account())
    assert mode_of(home.path) == 0o700
    home.path.chmod(0o755)
    assert home.data_folder() == outside, "what was begun there stays there"
    home.delete()
    assert not outside.exists()
    assert not home.path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
def test_a_folder_outside_that_somebody_else_made_first_is_refused(home: Home) -> None:
    home.prepare()
    home.path.chmod(0o700)
    outside = home.data_folder()
    os.chown(outside, 65534, 65534)

    with pytest.raises(ServerError, match="is not ours"):
        home.data_folder()

    outside.rmdir()


def test_reach_is_decided_by_every_folder_on_the_way(folder: Path) -> None:
    stranger = Account(uid=54321, gid=54321, name="stranger")
    inner = folder / "closed" / "open"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    (folder / "closed").chmod(0o700)

    assert not reachable(inner, stranger)
    (folder / "closed").chmod(0o711)
    assert reachable(inner, stranger)
    assert reachable(inner, Account(os.geteuid(), os.getegid(), ""))
