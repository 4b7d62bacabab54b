"""issue_token and revoke_token: one token on stdout; one clear line and exit code 2 for what can not be right."""

import datetime as dt
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import TOKEN_FORM, identify
from tests.door import viewer


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def refused(command: str, *arguments: str) -> str:
    before = list(ApiToken.objects.values_list("pk", "revoked_at"))
    with pytest.raises(CommandError) as error:
        run(command, *arguments)
    assert error.value.returncode == 2
    assert list(ApiToken.objects.values_list("pk", "revoked_at")) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_token_alone_is_printed_and_works(ada: User) -> None:
    plain = run("issue_token", "ada").strip()

    assert TOKEN_FORM.fullmatch(plain)
    assert identify(plain=plain, viewer_id=None, now=timezone.now()).viewer.id == ada.pk


def test_a_token_is_issued_as_asked(db: None) -> None:
    viewer("Boss Person", is_staff=True)

    run("issue_token", "Boss Person", "--scope", "curator", "--scope", "admin", "--name", "ci", "--days", "3")

    token = ApiToken.objects.get()
    assert (token.scopes, token.name) == (["curator", "admin"], "ci")
    assert token.expires_at is not None
    assert token.expires_at - token.created_at == dt.timedelta(days=3)


def test_a_user_is_found_by_id_before_name(db: None) -> None:
    User.objects.create_user("one", id="two")
    User.objects.create_user("two", id="three")

    run("issue_token", "two")

    assert ApiToken.objects.get().user_id == "two"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody"], "no user 'nobody'"),
        (["ada", "--scope", "root"], "no scope 'root'"),
        (["ada", "--scope", "admin"], "'ada' is not staff"),
        *[(["ada", "--days", days], f"got '{days}'") for days in ("0", "-1", "3651", "x", "1.5", "９")],
    ],
)
def test_a_bad_request_for_a_token_is_refused_naming_it(ada: User, arguments: list[str], says: str) -> None:
    assert says in refused("issue_token", *arguments)


def test_tokens_are_revoked_by_prefix_id_or_user(ada: User, bob: User) -> None:
    for _ in range(3):
        run("issue_token", "ada")
    run("issue_token", "bob")
    first, second, third, other = ApiToken.objects.order_by("pk")

    assert run("revoke_token", first.prefix) == f"revoked {first.prefix}… of ada\n"
    assert run("revoke_token", str(second.pk)) == f"revoked {second.prefix}… of ada\n"
    assert run("revoke_token", str(second.pk)) == f"{second.prefix}… of ada was revoked already\n"
    assert run("revoke_token", "--user", "ada") == "revoked 1 token of ada\n"
    assert run("revoke_token", "--user", "ada") == "revoked 0 tokens of ada\n"
    assert list(ApiToken.objects.filter(revoked_at__isnull=True)) == [other]
    assert third.user_id == "ada"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bb_nothing"], "no token 'bb_nothing'"),
        (["99999999999999999999999"], "no token"),
        (["--user", "nobody"], "no user 'nobody'"),
        ([], "name one thing"),
        (["bb_x", "--user", "ada"], "name one thing"),
    ],
)
def test_nothing_is_revoked_by_a_name_that_is_none(ada: User, arguments: list[str], says: str) -> None:
    run("issue_token", "ada")

    assert says in refused("revoke_token", *arguments)


def test_a_prefix_of_two_tokens_is_refused(ada: User) -> None:
    for _ in range(2):
        run("issue_token", "ada")
    ApiToken.objects.update(prefix="bb_same")

    assert "several" in refused("revoke_token", "bb_same")


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_the_shell_sees_one_line_and_exit_code_2(settings: Any) -> None:
    database = settings.DATABASES["default"]
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"{address}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "bingeboard.settings",
    }

    asked = [sys.executable, "-W", "ignore", "-m", "django", "issue_token", "nobody"]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "CommandError: there is no user 'nobody'; give a users.id or a username\n"
