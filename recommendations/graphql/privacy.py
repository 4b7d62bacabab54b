"""Mutation.setConsent, exportMyData and deleteMyData: what a viewer agrees to, and what is held on them."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from bingeboard.context import Info
from bingeboard.errors import Invalid
from bingeboard.graphql.nodes import global_id
from bingeboard.graphql.problems import UserError
from bingeboard.users.graphql.types import User, user_node
from recommendations import tasks
from recommendations.graphql.nudge import nudge
from recommendations.pipeline import consent, holdings


@strawberry.type(description="What the viewer agrees to now.")
class ConsentPayload:
    """What holds."""

    user: User = strawberry.field(description="Whose consent it is.")
    personalisation: bool = strawberry.field(description="May what they do shape what they are shown?")
    share_with_friends: bool = strawberry.field(description="May friends see what they liked and finished?")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty when nothing did.")


@strawberry.type(description="Everything held on the viewer.")
class ExportPayload:
    """One document."""

    document: JSON = strawberry.field(
        description='{"exportedAt": moment, "tables": {table: [row, ...]}}; passwords and tokens are left out.'
    )
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty when nothing did.")


@strawberry.type(
    description="That the viewer's data are gone, their tokens with them; models forget them at the next fit."
)
class DeletePayload:
    """What went."""

    user_id: strawberry.ID = strawberry.field(description="Who was erased; the id means nobody from now on.")
    rows: int = strawberry.field(description="How many rows went with them.")
    user_errors: list[UserError] = strawberry.field(description="What stood in the way; empty when nothing did.")


@strawberry.type
class PrivacyMutation:
    """The viewer's own data."""

    @strawberry.mutation(
        description="Say what the viewer agrees to; what is left out stays as it is. Personalisation taken back deletes"
        " at once what was derived from their acts; given again, it is worked out anew from the acts that are still"
        " kept. Sharing taken back hides at once, both ways, what friends did."
    )
    def set_consent(
        self,
        info: Info,
        personalisation: Annotated[
            bool | None, strawberry.argument(description="May what they do shape what they are shown?")
        ] = None,
        share_with_friends: Annotated[
            bool | None, strawberry.argument(description="May friends see what they liked and finished?")
        ] = None,
    ) -> ConsentPayload:
        viewer = info.context.require_user()
        kept = consent.set_consent(
            user_id=viewer.id,
            personalisation=personalisation,
            share_with_friends=share_with_friends,
            now=info.context.now,
        )
        nudge(tasks.refresh_viewer, user_id=viewer.id)
        return ConsentPayload(
            user=user_node(viewer.id, viewer.username),
            personalisation=kept.personalisation,
            share_with_friends=kept.share_with_friends,
            user_errors=[],
        )

    @strawberry.mutation(description="Everything held on the viewer, as one JSON document.")
    def export_my_data(self, info: Info) -> ExportPayload:
        viewer = info.context.require_user()
        document = holdings.everything_on(user_id=viewer.id, now=info.context.now)
        return ExportPayload(document=document, user_errors=[])  # type: ignore[arg-type]

    @strawberry.mutation(description="Erases the viewer's rows in every table, caches included, at once.")
    def delete_my_data(
        self,
        info: Info,
        confirm: Annotated[bool, strawberry.argument(description="true: there is no way back.")],
    ) -> DeletePayload:
        viewer = info.context.require_user()
        if not confirm:
            raise Invalid("confirm must be true: what is deleted does not come back", field="confirm")
        rows = holdings.erase(user_id=viewer.id, now=info.context.now)
        return DeletePayload(user_id=global_id("User", viewer.id), rows=rows, user_errors=[])
