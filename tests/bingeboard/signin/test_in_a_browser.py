"""Staff sign in to the admin and ask in GraphiQL, in a real browser; their cookie alone asks nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bingeboard.users.models import User
from tests.chromium import Chromium
from tests.signin import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
ASK = "fetch('/graphql/', {{method: 'POST', headers: {headers}, body: {body}}}).then((a) => a.json())"
TOKEN = "document.getElementById('graphiql').dataset.csrfToken"
QUERY = "{ me { username } experiments { name } }"
MUTATION = "mutation { setConsent(shareWithFriends: true) { shareWithFriends } }"


@pytest.fixture
def chromium() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def staff(chromium: Chromium, live_server: Any) -> User:
    """Staff who have just signed in by the admin's page."""
    user = User.objects.create_user("boss", PASSWORD, is_staff=True, is_superuser=True)
    chromium.open(f"{live_server.url}/admin/login/?next=/graphql/")
    chromium.run(f"document.querySelector('[name=username]').value = 'boss', "
                 f"document.querySelector('[name=password]').value = {json.dumps(PASSWORD)}, "
                 "document.querySelector('#login-form').submit()")  # fmt: skip
    chromium.until("location.pathname === '/graphql/' && document.readyState === 'complete'")
    return user


def ask(chromium: Chromium, query: str, csrf: str | None, content_type: str = "application/json") -> Any:
    """Ask from the page, as a script in it would; csrf is the expression that the token comes from."""
    token = "" if csrf is None else f", 'X-CSRFToken': {csrf}"
    headers = f"{{'Content-Type': '{content_type}'{token}}}"
    return chromium.run(ASK.format(headers=headers, body=json.dumps(json.dumps({"query": query}))))


def test_the_cookie_asks_and_changes_nothing_without_its_csrf_token(staff: User, chromium: Chromium) -> None:
    for csrf in (None, "'x'.repeat(64)"):
        for query in (QUERY, MUTATION):
            answer = ask(chromium, query, csrf)
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            assert answer["data"] is None
    # What another site's form could send without asking first.
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        assert ask(chromium, MUTATION, TOKEN, content_type)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    staff.refresh_from_db()
    assert staff.share_with_friends is False


def test_with_its_token_it_asks_as_staff(staff: User, chromium: Chromium) -> None:
    assert ask(chromium, QUERY, TOKEN)["data"] == {"me": {"username": "boss"}, "experiments": []}
    assert ask(chromium, MUTATION, TOKEN)["data"] == {"setConsent": {"shareWithFriends": True}}
    assert not chromium.run("document.cookie.includes('sessionid')")


def test_graphiql_itself_sends_the_token(staff: User, live_server: Any, chromium: Chromium) -> None:
    chromium.open(f"{live_server.url}/graphql/?operation=my_taste")
    chromium.until("!!document.querySelector('.graphiql-execute-button')")
    chromium.run("document.querySelector('.graphiql-execute-button').click()")
    answer = chromium.until("(document.querySelector('.result-window') || {}).innerText")

    shown = chromium.until("/tasteProfile|errors/.test(document.querySelector('.result-window').innerText)")
    assert shown
    answer = chromium.run("document.querySelector('.result-window').innerText")
    assert "tasteProfile" in answer
    assert "FORBIDDEN" not in answer


def test_another_site_gets_nowhere_with_the_visitors_cookie(staff: User, live_server: Any, chromium: Chromium) -> None:
    # The same machine by another name is another site to a browser.
    other = live_server.url.replace("localhost", "127.0.0.1")
    assert other != live_server.url
    chromium.open(f"{other}/health/")
    script = (
        f"fetch('{live_server.url}/graphql/', {{method: 'POST', mode: 'no-cors', credentials: 'include',"
        f" headers: {{'Content-Type': 'text/plain'}}, body: {json.dumps(json.dumps({'query': MUTATION}))}}})"
        ".then((a) => a.type)"
    )

    assert chromium.run(script) == "opaque"
    as_json = script.replace("text/plain", "application/json").replace("'no-cors'", "'cors'")
    assert chromium.run(as_json.replace("(a) => a.type", "(a) => a.type, () => 'refused'")) == "refused"
    staff.refresh_from_db()
    assert staff.share_with_friends is False
