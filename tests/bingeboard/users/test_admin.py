"""Accounts and tokens in the admin: nobody rises by it, and no token is told by it."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import issue_token
from tests.admin_pages import form_on, staff

pytestmark = pytest.mark.django_db
TOKENS = "admin:users_apitoken_changelist"


@pytest.fixture
def administrator() -> Client:
    return staff("root", superuser=True)


@pytest.fixture
def curator() -> Client:
    return staff("carla")


@pytest.fixture
def issued(user: User) -> tuple[ApiToken, str]:
    return issue_token(user_id=user.pk, name="phone", expires_at=None, now=timezone.now())


def support(*rights: str) -> Client:
    """Return the browser of somebody of the staff with these rights alone."""
    user = User.objects.create_user("sam", id="sam", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def test_a_token_and_its_hash_are_on_no_page(administrator: Client, issued: tuple[ApiToken, str]) -> None:
    token, plain = issued
    pages = [
        reverse(TOKENS),
        reverse("admin:users_apitoken_change", args=[token.pk]),
        reverse("admin:users_apitoken_history", args=[token.pk]),
        reverse("admin:users_apitoken_revoke", args=[token.pk]),
        reverse("admin:users_user_change", args=[token.user_id]),
        reverse("admin:index"),
    ]

    for page in pages:
        html = administrator.get(page).content.decode()
        assert token.token_hash not in html
        assert plain not in html
    assert token.prefix in administrator.get(pages[0]).content.decode()


@pytest.mark.parametrize("lookup", ["token_hash", "token_hash__startswith", "token_hash__regex"])
def test_a_hash_can_not_be_told_letter_by_letter(
    administrator: Client, issued: tuple[ApiToken, str], lookup: str
) -> None:
    response = administrator.get(reverse(TOKENS), {lookup: issued[0].token_hash[:1]})

    assert response.status_code == 400


def test_a_token_is_revoked_by_saying_so_and_not_by_looking(
    administrator: Client, issued: tuple[ApiToken, str]
) -> None:
    token = issued[0]
    address = reverse("admin:users_apitoken_revoke", args=[token.pk])

    assert administrator.get(address).status_code == 200
    token.refresh_from_db()
    assert token.revoked_at is None

    response = administrator.post(address, {"_form_submitted": "on"})
    token.refresh_from_db()
    assert response.headers["HX-Redirect"] == reverse("admin:users_apitoken_change", args=[token.pk])
    assert token.revoked_at is not None
    assert LogEntry.objects.get().change_message == "Revoked"


def test_chosen_tokens_are_revoked_and_others_stay(administrator: Client, user: User) -> None:
    now = timezone.now()
    tokens = [issue_token(user_id=user.pk, expires_at=None, now=now)[0] for _ in range(3)]

    administrator.post(reverse(TOKENS), {"action": "revoke_selected", "_selected_action": [tokens[0].pk, tokens[1].pk]})

    assert list(ApiToken.objects.filter(revoked_at__isnull=True)) == [tokens[2]]


def test_tokens_are_listed_by_whether_they_hold(administrator: Client, user: User) -> None:
    now = timezone.now()
    holds = issue_token(user_id=user.pk, expires_at=None, now=now)[0]
    gone = issue_token(user_id=user.pk, expires_at=now + dt.timedelta(days=1), now=now)[0]
    ApiToken.objects.filter(pk=gone.pk).update(expires_at=now - dt.timedelta(days=1))
    back = issue_token(user_id=user.pk, expires_at=None, now=now)[0]
    ApiToken.objects.filter(pk=back.pk).update(revoked_at=now)

    for state, token in (("holds", holds), ("expired", gone), ("revoked", back)):
        listed = administrator.get(reverse(TOKENS), {"state": state}).context_data["cl"].result_list
        assert [one.pk for one in listed] == [token.pk]


def test_curators_neither_see_nor_revoke_tokens(curator: Client, issued: tuple[ApiToken, str]) -> None:
    token = issued[0]

    assert curator.get(reverse(TOKENS)).status_code == 403
    assert curator.get(reverse("admin:users_apitoken_change", args=[token.pk])).status_code == 403
    address = reverse("admin:users_apitoken_revoke", args=[token.pk])
    assert curator.post(address, {"_form_submitted": "on"}).status_code == 403
    token.refresh_from_db()
    assert token.revoked_at is None
    assert reverse(TOKENS) not in curator.get(reverse("admin:index")).content.decode()


def test_looking_at_an_account_shows_nothing_of_its_password(curator: Client, user: User) -> None:
    user.set_password("correct horse")
    user.save()

    html = curator.get(reverse("admin:users_user_change", args=[user.pk])).content.decode()

    assert user.password not in html
    assert user.password.split("$")[0] not in html


def test_nobody_makes_themselves_or_others_more_powerful(user: User) -> None:
    client = support("view_user", "change_user")
    address = reverse("admin:users_user_change", args=[user.pk])
    form = form_on(client.get(address).content.decode()) | {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [Group.objects.get(name="curator").pk],
        "country": "DE",
    }

    assert client.post(address, form).status_code == 302

    user.refresh_from_db()
    assert (user.country, user.is_staff, user.is_superuser, user.groups.count()) == ("DE", False, False, 0)


def test_who_may_reset_passwords_resets_none_of_those_above_them(user: User) -> None:
    client = support("view_user", "change_user")
    root = User.objects.create_superuser("root", "not to be guessed", id="root")
    new = {"password1": "a-new-password-1", "password2": "a-new-password-1", "usable_password": "true"}

    assert client.post(reverse("admin:auth_user_password_change", args=["root"]), new).status_code == 403
    assert client.post(reverse("admin:auth_user_password_change", args=[user.pk]), new).status_code == 302

    root.refresh_from_db()
    user.refresh_from_db()
    assert root.check_password("not to be guessed")
    assert user.check_password("a-new-password-1")


def test_an_account_is_made_with_a_password_and_an_id(administrator: Client) -> None:
    made = {"username": "zoe", "usable_password": "true", "password1": "long-enough-9", "password2": "long-enough-9"}

    response = administrator.post(reverse("admin:users_user_add"), made)

    zoe = User.objects.get(username="zoe")
    assert response.status_code == 302
    assert zoe.check_password("long-enough-9")
    assert len(zoe.pk) == 32
    assert not zoe.is_staff


def test_a_wrong_timezone_is_refused(administrator: Client, user: User) -> None:
    address = reverse("admin:users_user_change", args=[user.pk])
    form = form_on(administrator.get(address).content.decode()) | {"timezone": "Mars/Olympus"}

    response = administrator.post(address, form)

    assert response.status_code == 200
    assert "use a name like Europe/Berlin" in response.content.decode()
    assert User.objects.get(pk=user.pk).timezone == "UTC"


def test_curators_have_their_rights_and_keep_what_they_were_given_beside() -> None:
    group = Group.objects.get(name="curator")
    names = set(group.permissions.values_list("codename", flat=True))
    beside = Permission.objects.get(codename="change_friendship")
    group.permissions.add(beside)

    call_command("migrate", verbosity=0)

    assert set(group.permissions.values_list("codename", flat=True)) == names | {"change_friendship"}
    assert {"change_show", "add_contentfeature", "view_user", "view_servedlist", "change_experiment"} <= names
    assert not {"view_apitoken", "change_user", "delete_user", "change_servedlist", "view_group"} & names
