"""What the start page says of signing in works as it stands there, typed into a shell."""

import html
import os
import re
import shutil
import subprocess
import time
from typing import Any

import pytest
from django.core import mail

from bingeboard.signin.models import Session
from bingeboard.users.models import User
from tests.door import Door
from tests.signin import PASSWORD, code_mailed

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def shell() -> None:
    if not (shutil.which("bash") and shutil.which("curl")):
        pytest.skip("there is no bash or no curl here")


def typed(live_server: Any, which: str, **values: str) -> "subprocess.Popen[str]":
    """Start the lines of the page as somebody would who copied them."""
    client = Door().client
    page = client.get("/", SERVER_NAME="localhost", SERVER_PORT=live_server.url.rpartition(":")[2]).content.decode()
    found = re.search(rf'id="{which}">(.*?)</code>', page, re.DOTALL)
    assert found
    lines = html.unescape(found[1])
    assert live_server.url in lines
    env = {**os.environ, **values, "no_proxy": "*"}
    return subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", lines], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_the_lines_to_sign_in_work(live_server: Any) -> None:
    User.objects.create_user("dash", PASSWORD, id="demo-dash")

    out, _ = typed(live_server, "signin-lines", NAME="dash", PASSWORD=PASSWORD).communicate(timeout=60)

    assert '{"data":{"me":{"username":"dash"}}' in out
    assert '"is_authenticated": false' in out
    assert not Session.objects.exists()


def test_the_lines_to_sign_up_work(live_server: Any) -> None:
    shell = typed(live_server, "signup-lines", NAME="eve", EMAIL="eve@example.org", PASSWORD=PASSWORD)
    deadline = time.monotonic() + 60
    while not mail.outbox and time.monotonic() < deadline:
        time.sleep(0.02)

    out, _ = shell.communicate(code_mailed() + "\n", timeout=60)

    assert '"is_authenticated": true' in out
    assert User.objects.get(email="eve@example.org").username.startswith("eve-")


@pytest.mark.parametrize("is_open", [True, False])
def test_signing_up_is_told_of_where_it_is_open(settings: Any, is_open: bool) -> None:
    settings.SIGNUP_OPEN = is_open

    page = Door().client.get("/").content.decode()

    assert ("/auth/signup" in page) is is_open
    assert "/auth/login" in page
