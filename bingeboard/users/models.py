"""Who watches and who curates: users, and the bearer tokens that speak for them."""

import uuid
import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone as clock


def new_user_id() -> str:
    """Return an id for someone who brings none of their own."""
    return uuid.uuid4().hex


def validate_timezone(name: str) -> None:
    """Refuse a timezone that the clock does not know."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValidationError(f"{name!r} is no timezone; use a name like Europe/Berlin") from error


class UserManager(BaseUserManager["User"]):
    """Makes users; a viewer without a password can not log in with one."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A viewer, a curator or an administrator."""

    id = models.CharField(primary_key=True, max_length=64, default=new_user_id, editable=False)
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True, default="", db_default="")
    password = models.CharField(max_length=128, default="!", db_default="!")
    is_active = models.BooleanField(default=True, db_default=True)
    is_staff = models.BooleanField(default=False, db_default=False)
    is_superuser = models.BooleanField(default=False, db_default=False)
    date_joined = models.DateTimeField(default=clock.now, db_default=Now())
    timezone = models.CharField(max_length=64, default="UTC", db_default="UTC", validators=[validate_timezone])
    # Demographics are only what someone chose to give; nothing is ever inferred into these columns.
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True, default="", db_default="", help_text="ISO 3166 alpha-2")
    gender = models.CharField(max_length=32, blank=True, default="", db_default="")
    personalisation = models.BooleanField(
        default=True, db_default=True, help_text="May what they do shape what they are shown?"
    )
    share_with_friends = models.BooleanField(
        default=False, db_default=False, help_text="May friends see what they liked and finished?"
    )

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        ordering = ["username", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(birth_year__isnull=True) | models.Q(birth_year__range=(1900, 2100)),
                name="users_birth_year_plausible",
            ),
            models.CheckConstraint(condition=~models.Q(id=""), name="users_id_not_empty"),
        ]

    def __str__(self) -> str:
        return self.username


class ApiToken(models.Model):
    """A bearer token, kept as a hash; the token itself is shown once, when it is issued."""

    name = models.CharField(max_length=120, blank=True, default="")
    prefix = models.CharField(max_length=12, help_text="The first letters of the token, to recognise it by")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    scopes = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now, db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_tokens"
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return f"{self.prefix}… for {self.user_id}"
