"""Staff see who is signed in, and sign people out; nobody can use or look through what stands there."""

import pytest
from django.test import Client
from django.urls import reverse

from bingeboard.signin.models import Session
from bingeboard.users.models import User
from tests.admin_pages import staff
from tests.signin import PASSWORD, SignIn

LIST = "admin:signin_session_changelist"


@pytest.fixture
def token(app: SignIn) -> str:
    User.objects.create_user("dash", PASSWORD, id="demo-dash")
    return app.sign_in("dash")


def end(client: Client, key: str) -> int:
    return client.post(reverse(LIST), {"action": "end_selected", "_selected_action": [key]}).status_code


def test_whoever_staff_signs_out_is_refused_by_the_next_request(app: SignIn, token: str) -> None:
    root = staff("root", superuser=True)
    held = Session.objects.get(user_id="demo-dash")
    page = root.get(reverse(LIST)).content.decode()
    assert held.session_key[:8] in page
    assert held.session_key not in page.replace(f'value="{held.session_key}"', "").replace(held.session_key + "/", "")

    assert end(root, held.session_key) == 302

    assert app.who(token) == "UNAUTHENTICATED"
    assert Session.objects.count() == 1, "their own stays"


def test_curators_neither_see_nor_end_sessions(app: SignIn, token: str) -> None:
    carla = staff("carla")

    assert carla.get(reverse(LIST)).status_code == 403
    assert end(carla, Session.objects.get(user_id="demo-dash").session_key) == 403
    assert app.who(token) == "dash"


@pytest.mark.parametrize("lookup", ["session_key__startswith", "session_data__contains", "user__password__startswith"])
def test_no_filter_tells_what_is_kept_letter_by_letter(db: None, lookup: str) -> None:
    root = staff("root", superuser=True)

    assert root.get(reverse(LIST), {lookup: "a"}).status_code in (302, 400)


@pytest.mark.django_db
@pytest.mark.parametrize("condition", ["upper(username) = upper('Dash')", "email = 'dash@example.org'"])
def test_whoever_signs_in_is_found_by_an_index(condition: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT * FROM users WHERE {condition}")
        plan = str(cursor.fetchall())

    assert "idx_users_" in plan
