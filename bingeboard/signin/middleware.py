"""Around the sign-in pages: whatever is sent, the answer is clean."""

from smtplib import SMTPException
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from bingeboard.graphql.problems import is_database_down

PATH = "/_allauth/"
RETRY_AFTER_SECONDS = "5"


class CleanAnswers(MiddlewareMixin):
    """Turn what the sign-in pages can not take into 400, a database that is away into 503, and let nobody keep them."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        # Nobody has a telephone number here, and the library's pages about them fall over for want of one.
        if request.path.startswith(PATH) and "/phone" in request.path:
            return _refused(404, "not_found", "there are no telephone numbers here")
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
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
