"""App config of users; sees to it that curators have their rights."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

CURATORS = "curator"
# What curators look after. Everything else of ours they see, but for tokens and who may do what.
CURATED = {
    "shows": {"show", "platform", "showplatform", "showtag"},
    "recommendations": {"contentfeature"},
    "experiments": {"experiment", "experimentvariant"},
}
SEEN = {"users", "shows", "social", "experiments", "recommendations", "django_celery_beat"}
HIDDEN = {("users", "apitoken")}


class UsersConfig(AppConfig):
    name = "bingeboard.users"
    label = "users"
    verbose_name = "Viewers and tokens"

    def ready(self) -> None:
        # Without a sender: an app's rights are there when that app is migrated, and not before.
        post_migrate.connect(give_curators_their_rights, dispatch_uid="users.curators")


def give_curators_their_rights(*, app_config: AppConfig, using: str, **told: Any) -> None:
    """Let the group of curators do what they are for in one app; what they were given beside it they keep."""
    if app_config.label not in SEEN:
        return
    rights = apps.get_model("auth", "Permission").objects.using(using).filter(content_type__app_label=app_config.label)
    wanted = [right for right in rights.select_related("content_type") if _is_for_curators(right)]
    if wanted:
        group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=CURATORS)
        group.permissions.add(*wanted)


def _is_for_curators(right: Any) -> bool:
    app, model = right.content_type.app_label, right.content_type.model
    if (app, model) in HIDDEN:
        return False
    verb = right.codename.removesuffix(f"_{model}")
    return verb == "view" or (verb in {"add", "change", "delete"} and model in CURATED.get(app, ()))
