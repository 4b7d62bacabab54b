"""demo: who can log in, what info.json holds, which port, and what is run."""

import socket
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bingeboard.embedded.home import Home
from bingeboard.embedded.management.commands import demo
from bingeboard.embedded.processes import free_port
from bingeboard.embedded.programs import programs
from bingeboard.users.models import User
from bingeboard.users.services import identify
from tests.signin import SignIn


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("BINGEBOARD_HOME", str(tmp_path / "home"))
    made = Home(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def viewers(db: None) -> None:
    for name in ("ada", "ben", "cleo"):
        User.objects.create_user(name, id=f"demo-{name}")


def test_info_holds_addresses_log_ins_and_a_working_token_for_each(home: Home, viewers: None) -> None:
    info = demo._accounts(home, 8123)

    assert info["url"] == "http://127.0.0.1:8123"
    assert info["graphqlUrl"] == "http://127.0.0.1:8123/graphql/"
    assert sorted(info) == ["databaseUrl", "graphqlUrl", "logins", "redisUrl", "tokens", "url", "viewerLogins"]
    assert [viewer["id"] for viewer in info["tokens"]["viewers"]] == ["demo-ada", "demo-ben", "demo-cleo"]
    tokens = [viewer["token"] for viewer in info["tokens"]["viewers"]]
    tokens += [info["tokens"]["curator"], info["tokens"]["admin"]]
    holders = [identify(plain=plain, viewer_id=None, now=timezone.now()).caller.id for plain in tokens]
    assert holders == ["demo-ada", "demo-ben", "demo-cleo", "curator", "admin"]
    for name, superuser in (("admin", True), ("curator", False)):
        user = User.objects.get(username=name)
        assert user.check_password(info["logins"][name]["password"])
        assert (user.is_staff, user.is_superuser) == (True, superuser)


def test_every_log_in_opens_the_sign_in_of_apps(home: Home, viewers: None) -> None:
    info, app = demo._accounts(home, 8123), SignIn()
    people = {**info["logins"], **info["viewerLogins"]}

    signed_in = [app.who(app.sign_in(who["username"], who["password"])) for who in people.values()]

    assert signed_in == list(people) == ["admin", "curator", "ada"]


def test_a_second_run_keeps_passwords_and_replaces_tokens(home: Home, viewers: None) -> None:
    first = demo._accounts(home, 8123)
    hashed = User.objects.get(pk="admin").password

    second = demo._accounts(home, 8123)

    assert second["logins"] == first["logins"]
    assert second["viewerLogins"] == first["viewerLogins"]
    assert User.objects.get(pk="admin").password == hashed
    assert second["tokens"]["admin"] != first["tokens"]["admin"]
    assert User.objects.get(pk="admin").api_tokens.count() == 1


def test_another_catalogues_viewers_get_tokens_where_ours_are_not_there(home: Home, db: None) -> None:
    User.objects.create_user("x1", id="x1")
    User.objects.create_user("x2", id="x2")

    info = demo._accounts(home, 8123)

    assert [viewer["id"] for viewer in info["tokens"]["viewers"]] == ["x1", "x2"]


def test_a_curator_looks_at_everything_and_changes_what_curators_change(home: Home, viewers: None) -> None:
    demo._accounts(home, 8123)

    curator = User.objects.get(pk="curator")

    assert curator.has_perm("shows.change_show")
    assert curator.has_perm("recommendations.change_contentfeature")
    assert curator.has_perm("recommendations.view_userbehaviorevent")
    assert not curator.has_perm("recommendations.change_userbehaviorevent")
    assert not curator.has_perm("users.change_user")


def test_an_asked_for_port_is_taken_or_refused_but_never_swapped() -> None:
    free = free_port()
    assert demo._port(free) == free
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Exception, match=f"port {taken.getsockname()[1]} is taken; choose another with PORT=…"):
            demo._port(taken.getsockname()[1])
    for wrong in (0, -1, 65536):
        with pytest.raises(Exception, match=f"--port is a number from 1 to 65535, got {wrong}"):
            demo._port(wrong)


def test_without_one_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    monkeypatch.setattr(demo, "FIRST_PORT", first)
    monkeypatch.setattr(demo, "is_free", lambda port: port != first)

    assert demo._port(None) == first + 1


def test_a_second_demo_of_a_home_is_refused_and_told_where_the_first_is(home: Home, db: None) -> None:
    home.write("info.json", {"url": "http://127.0.0.1:8123"})

    with home.locked("demo.lock"), pytest.raises(CommandError, match=r"runs already at http://127\.0\.0\.1:8123"):
        call_command("demo", stdout=StringIO())

    assert home.read("info.json") == {"url": "http://127.0.0.1:8123"}


def test_the_web_stops_first_and_all_share_one_key() -> None:
    children = programs(port=8123, socket_port=8124, secret_key="one for all")

    assert [child.name for child in reversed(children)] == ["web", "sockets", "beat", "worker"]
    assert {child.env["BINGEBOARD_SECRET_KEY"] for child in children} == {"one for all"}
    assert "8123" in children[-1].command
    assert "8124" in children[-2].command
    assert children[-1].env["BINGEBOARD_DEMO"] == "0"
    assert programs(port=8123, socket_port=8124, secret_key="x", demo_page=True)[-1].env["BINGEBOARD_DEMO"] == "1"
    assert children[-1].env["BINGEBOARD_SOCKET_URL"] == "ws://127.0.0.1:8124/graphql/"
