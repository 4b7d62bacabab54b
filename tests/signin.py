"""What tests of signing in share: an app that signs people in, and the code that was mailed."""

import json
import re
from typing import Any

from django.core import mail

from tests.door import Door

PASSWORD = "correct horse battery"


class SignIn(Door):
    """An app that signs people in, and asks as whoever it signed in."""

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: Any) -> Any:
        """Send JSON (or bytes as they are) to a page of the app's door, and return the response."""
        if token is not None:
            headers["HTTP_X_SESSION_TOKEN"] = token
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method,
            path if path.startswith("/") else f"/_allauth/app/v1/{path}",
            raw,
            content_type="application/json",
            **headers,
        )

    def sign_in(self, name: str, password: str = PASSWORD, **headers: Any) -> str:
        """Return the session token of somebody who signs in."""
        response = self.call("POST", "auth/login", {"username": name, "password": password}, **headers)
        assert response.status_code == 200, response.content
        return response.json()["meta"]["session_token"]

    def who(self, token: str) -> str:
        """Return as whom a token asks, or with which code it is refused."""
        answer = self.ask("{ me { username } }", token=token)
        if "errors" in answer:
            return answer["errors"][0]["extensions"]["code"]
        return answer["data"]["me"]["username"]


def code_mailed() -> str:
    """Return the code in the newest mail."""
    found = re.search(r"^([0-9A-Z]{3,4}-?[0-9A-Z]{3,4})$", mail.outbox[-1].body, re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]
