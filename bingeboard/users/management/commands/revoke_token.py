"""Revoke a bearer token, or all of a user's; from the next request on it is refused."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from bingeboard.users.queries import token_named, user_named
from bingeboard.users.services import revoke_token, revoke_tokens_of


class Command(BaseCommand):
    """Makes tokens worthless; doing it twice changes nothing."""

    help = "Revoke a bearer token by its id or prefix, or every token of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("token", nargs="?", metavar="PREFIX_OR_ID", help="the token, as the admin lists it")
        parser.add_argument("--user", help="revoke every token of this user: a users.id or a username")

    def handle(self, *args: Any, **options: Any) -> None:
        name, user = options["token"], options["user"]
        if (name is None) == (user is None):
            raise Invalid("name one thing to revoke: a token's id or prefix, or --user USER")
        now = timezone.now()
        if user is not None:
            count = revoke_tokens_of(user_id=user_named(name=user).id, now=now)
            self.say(f"revoked {count} token{'' if count == 1 else 's'} of {user}")
            return
        token = token_named(name=name)
        if revoke_token(token_id=token.pk, now=now):
            self.say(f"revoked {token.prefix}… of {token.user_id}")
        else:
            self.say(f"{token.prefix}… of {token.user_id} was revoked already")
