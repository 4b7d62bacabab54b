"""Query.friends; Mutation.recommendToFriend, requestFriendship, answerFriendship and endFriendship."""

from typing import Annotated

import strawberry

from bingeboard.context import Context, Info
from bingeboard.errors import NotFound
from bingeboard.graphql.nodes import global_id, key_of, number_of
from bingeboard.graphql.paging import cursor_of, page_info, page_size, place_of
from bingeboard.users.graphql.types import UserConnection, UserEdge, user_node
from bingeboard.users.queries import usernames
from social import models, services
from social.graphql.types import Friendship, SocialPayload, SocialSignal
from social.queries import friends_page

FRIENDS_SHOWN = 50

Other = Annotated[strawberry.ID, strawberry.argument(description="The other user.")]


@strawberry.type
class SocialQuery:
    """Who the viewer's friends are."""

    @strawberry.field(description="The viewer's friends, by name: those who asked or were asked, and agreed.")
    def friends(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100.")] = FRIENDS_SHOWN,
        after: Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")] = None,
    ) -> UserConnection:
        viewer = info.context.require_user()
        size = page_size(first, FRIENDS_SHOWN)
        place = None if after is None else place_of(after, str, str)
        found = friends_page(user_id=viewer.id, first=size + 1, after=(place[0], place[1]) if place else None)
        info.context.spend(len(found))
        edges = [
            UserEdge(cursor=cursor_of(user.username, user.id), node=user_node(user.id, user.username))
            for user in found[:size]
        ]
        cursors = [edge.cursor for edge in edges]
        return UserConnection(edges=edges, page_info=page_info(cursors, has_next=len(found) > size, after=after))


@strawberry.type
class SocialMutation:
    """What the viewer and others are to each other."""

    @strawberry.mutation(
        description="Tell a friend of a title. Only between friends who both share with friends; telling again"
        " replaces the note. The friend's next list reflects it."
    )
    def recommend_to_friend(
        self,
        info: Info,
        friend_id: Annotated[strawberry.ID, strawberry.argument(description="The friend.")],
        show_id: Annotated[strawberry.ID, strawberry.argument(description="The title.")],
        note: Annotated[
            str | None, strawberry.argument(description="What to say about it, at most 500 letters.")
        ] = None,
    ) -> SocialPayload:
        viewer = info.context.require_user()
        told = services.recommend(
            user_id=viewer.id,
            friend_id=key_of(friend_id, "User", field="friendId"),
            show_id=number_of(show_id, "Show", field="showId"),
            note=note,
            now=info.context.now,
        )
        return SocialPayload(friendship=None, signal=_signal(info.context, told), user_errors=[])

    @strawberry.mutation(
        description="Ask somebody to be friends. Asking twice asks once; where they have asked already, it is a yes."
    )
    def request_friendship(self, info: Info, user_id: Other) -> SocialPayload:
        viewer = info.context.require_user()
        other = key_of(user_id, "User", field="userId")
        kept = services.request_friendship(user_id=viewer.id, friend_id=other, now=info.context.now)
        return _payload(kept, viewer.id)

    @strawberry.mutation(description="Say yes or no to somebody who asked; saying the same again changes nothing.")
    def answer_friendship(
        self,
        info: Info,
        user_id: Other,
        accept: Annotated[bool, strawberry.argument(description="true is yes, false is no.")],
    ) -> SocialPayload:
        viewer = info.context.require_user()
        asker = key_of(user_id, "User", field="userId")
        kept = services.answer_friendship(user_id=viewer.id, asker_id=asker, accept=accept, now=info.context.now)
        return _payload(kept, viewer.id)

    @strawberry.mutation(
        description="End a friendship, or take a request back. What the two were told of each other goes at once."
    )
    def end_friendship(self, info: Info, user_id: Other) -> SocialPayload:
        viewer = info.context.require_user()
        friend = key_of(user_id, "User", field="userId")
        services.end_friendship(user_id=viewer.id, friend_id=friend, now=info.context.now)
        return SocialPayload(friendship=None, signal=None, user_errors=[])


def _payload(kept: models.Friendship, viewer_id: str) -> SocialPayload:
    asked_by_viewer = kept.user_id == viewer_id
    other = kept.friend_id if asked_by_viewer else kept.user_id
    # Whoever only asked learns no name: else an id, guessed, would tell one.
    may_see = kept.status == models.FriendshipStatus.ACCEPTED or not asked_by_viewer
    name = usernames(user_ids=[other]).get(other) if may_see else None
    friendship = Friendship(
        user_id=global_id("User", other),
        user=user_node(other, name) if name is not None else None,
        status=models.FriendshipStatus(kept.status),
        requested_by_viewer=asked_by_viewer,
        created_at=kept.created_at,
        answered_at=kept.answered_at,
    )
    return SocialPayload(friendship=friendship, signal=None, user_errors=[])


def _signal(context: Context, told: models.SocialSignal) -> SocialSignal:
    show, name = context.loader("shows").get(told.content_id), usernames(user_ids=[told.user_id]).get(told.user_id)
    if show is None or name is None:
        raise NotFound("the title or the friend has just gone")
    return SocialSignal(
        friend=user_node(told.user_id, name),
        show=show,
        signal_type=models.SignalKind(told.signal_type),
        note=(told.metadata or {}).get("note"),
        created_at=told.created_at,
    )
