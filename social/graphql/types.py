"""Friendships and what friends tell each other, as the viewer may see them."""

import datetime as dt

import strawberry

from bingeboard.graphql.problems import UserError
from bingeboard.shows.graphql.types import Show
from bingeboard.users.graphql.types import User
from social.models import FriendshipStatus, SignalKind

strawberry.enum(SignalKind, name="SignalType", description="What a friend did.")
strawberry.enum(FriendshipStatus, description="Where a friendship stands.")


@strawberry.type(description="The viewer and somebody else, friends or about to be.")
class Friendship:
    """One pair, as the viewer sees it."""

    user_id: strawberry.ID = strawberry.field(description="The other one's id.")
    user: User | None = strawberry.field(
        description="The other one; null while they have not answered: a name is for friends, and for who was asked."
    )
    status: FriendshipStatus = strawberry.field(description="Where it stands.")
    requested_by_viewer: bool = strawberry.field(description="Was it the viewer who asked?")
    created_at: dt.datetime = strawberry.field(description="When it was asked for.")
    answered_at: dt.datetime | None = strawberry.field(description="When it was answered; null while it is not.")


@strawberry.type(description="Something that a friend is told of a title.")
class SocialSignal:
    """What the viewer tells a friend."""

    friend: User = strawberry.field(description="Who is told.")
    show: Show = strawberry.field(description="The title.")
    signal_type: SignalKind = strawberry.field(description="What is told.")
    note: str | None = strawberry.field(description="What the viewer says about it; null where nothing.")
    created_at: dt.datetime = strawberry.field(description="When it was told.")


@strawberry.type(description="What became of a friendship, or what a friend was told.")
class SocialPayload:
    """The one object that changed."""

    friendship: Friendship | None = strawberry.field(
        description="The friendship as it is now; null where it has ended, or nothing of it changed."
    )
    signal: SocialSignal | None = strawberry.field(
        description="What the friend is told, after recommendToFriend; else null."
    )
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty when nothing did.")
