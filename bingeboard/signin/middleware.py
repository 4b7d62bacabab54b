"""Around the sign-in pages: whatever is sent, the answer is clean."""

from collections.abc import Callable
from smtplib import SMTPException
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from bingeboard.graphql.problems import is_database_down

PATH = "/_allauth/"
RETRY_AFTER_SECONDS = "5"


class CleanAnswers:
    """Turn what the sign-in pages can not take into 400, a database that is away into 503, and let nobody keep them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(PATH):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not request.path.startswith(PATH):
            return None
        if isinstance(error, UnicodeError | RecursionError):
            return _refused(400, "malformed", "this is no text that can be kept")
        # A mail server that is away looks like any other: by then nothing else here is asked over a wire.
        if is_database_down(error) or isinstance(error, SMTPException | OSError):
            answer = _refused(503, "unavailable", f"try again in {RETRY_AFTER_SECONDS} s")
            answer["Retry-After"] = RETRY_AFTER_SECONDS
            return answer
        return None


def _refused(status: int, code: str, message: str) -> Any:
    return JsonResponse({"status": status, "errors": [{"code": code, "message": message}]}, status=status)
