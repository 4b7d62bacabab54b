"""Query.me."""

import strawberry

from bingeboard.context import Info
from bingeboard.graphql.nodes import NodeReaders
from bingeboard.users.graphql.types import User, read_user, user_node

NODES: NodeReaders = {"User": read_user}


@strawberry.type
class UsersQuery:
    """Who is asking."""

    @strawberry.field(description="The viewer that this request speaks for; null where nobody is signed in.")
    def me(self, info: Info) -> User | None:
        viewer = info.context.viewer
        return user_node(viewer.id, viewer.username) if viewer else None
