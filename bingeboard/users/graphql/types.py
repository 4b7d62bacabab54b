"""User: the public part of a profile, which is its name."""

import strawberry

from bingeboard.context import Context
from bingeboard.graphql.nodes import Node, global_id
from bingeboard.graphql.paging import PageInfo
from bingeboard.users.queries import usernames


@strawberry.type(description="A viewer, as others may see them: by name.")
class User(Node):
    """Id and name; what a user likes is asked for elsewhere, by that user alone."""

    username: str = strawberry.field(description="Their name here.")


@strawberry.type(description="A user and where they stand in the list.")
class UserEdge:
    """One entry of a page."""

    cursor: str = strawberry.field(description="Send it as after to go on behind this one.")
    node: User = strawberry.field(description="The user.")


@strawberry.type(description="A page of users.")
class UserConnection:
    """A page."""

    edges: list[UserEdge] = strawberry.field(description="The users, by name.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


def user_node(user_id: str, username: str) -> User:
    """Return a user as clients see one."""
    return User(id=global_id("User", user_id), username=username)


def read_user(context: Context, key: str) -> User | None:
    """Return the user for node(id:): oneself, a friend, or anyone for staff; for all others there is none."""
    if context.viewer is None and not context.is_staff:
        return None
    may_see = context.is_staff or (context.viewer is not None and key == context.viewer.id)
    if not may_see and not context.loader("is_friend").get(key):
        return None
    name = usernames(user_ids=[key]).get(key)
    return user_node(key, name) if name is not None else None
