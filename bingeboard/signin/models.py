"""What sign-in keeps: who is signed in, and who tried too often."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class Session(AbstractBaseSession):
    """A sign-in, of a browser or an app. Its key is kept as a hash, so whoever reads the table can not use it."""

    session_key = models.CharField(max_length=64, primary_key=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions")

    objects: ClassVar[BaseSessionManager] = BaseSessionManager()

    class Meta:
        db_table = "sessions"
        ordering = ["-expire_date", "session_key"]

    def __str__(self) -> str:
        return f"{self.session_key[:8]}… of {self.user_id or 'nobody yet'}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from bingeboard.signin.sessions import SessionStore

        return SessionStore


class CacheEntry(models.Model):
    """
    What Django's database cache keeps: how often somebody tried to sign in.

    In PostgreSQL, since a lock that goes when the broker is flushed or down is none. Keys name logins by their hash.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "cache_entries"

    def __str__(self) -> str:
        return self.cache_key
