"""The street door: the GraphQL view (one Context a request) and the health checks."""

import json
import logging
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from bingeboard import request_ids
from bingeboard.context import Context
from bingeboard.errors import BingeBoardError, Invalid, NotAllowed, Unauthenticated
from bingeboard.graphql import trusted
from bingeboard.graphql.problems import is_database_down, present, refusal
from bingeboard.pages.start import graphiql_page
from bingeboard.schema import SOURCES, schema
from bingeboard.signin.services import identify

logger = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = "5"
# Commas, colons and brackets of a body: 500 events with 100 circumstances each. Reading as many takes 20 ms.
MOST_MARKS = 100_000
OPERATIONS = frozenset({OperationType.QUERY, OperationType.MUTATION})


@csrf_exempt  # bearer requests need no CSRF token; for cookies it is checked below
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer a GraphQL request, or show GraphiQL to a browser; never with a traceback, whatever was sent."""
    request_id = request_ids.given_or_new(request.headers.get("X-Request-Id", ""))
    with request_ids.during(request_id):
        response = _opened(request, request_id)
    response["X-Request-Id"] = request_id
    response["Cache-Control"] = "no-store"
    return response


def _opened(request: HttpRequest, request_id: str) -> HttpResponse:
    if request.method == "GET" and settings.GRAPHIQL and "text/html" in request.headers.get("Accept", ""):
        return graphiql_page(request, _csrf_token(request))
    return _answer(request, request_id)


def _answer(request: HttpRequest, request_id: str) -> HttpResponse:
    if request.method != "POST":
        return _refused("send GraphQL as a POST with a JSON body", status=405, headers={"Allow": "POST"})
    if request.content_type != "application/json":
        return _refused(f"send Content-Type: application/json, not {(request.content_type or '')[:60]!r}", status=415)
    context = None
    try:
        body = _body(request)
        context = context_of(request, request_id)
        return _executed(body, context)
    except (RequestDataTooBig, UnreadablePostError):
        return _refused(f"a body may be {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes long", status=413)
    except _BadBody as error:
        return _refused(str(error), status=400)
    except BingeBoardError as error:
        return _refused(error.message, code=error.code, status=200, context=context)
    except Exception as error:  # the last resort: whatever it is, the client gets an id and the log the story
        return _failed(error, request_id, context)


class _BadBody(Exception):
    """The body is no GraphQL request."""


def _body(request: HttpRequest) -> dict[str, Any]:
    marks = sum(map(request.body.count, (b",", b":", b"[", b"{")))
    if marks > MOST_MARKS:
        raise _BadBody(f"a body may hold {MOST_MARKS} values or so, this one has {marks}; send it in several")
    try:
        body = json.loads(request.body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _BadBody("the body is no JSON that can be read") from None
    if not isinstance(body, dict):
        raise _BadBody('send one JSON object: {"query": "...", "variables": {...}}')
    kinds: dict[str, type] = {
        "query": str,
        "variables": dict,
        "operationName": str,
        "extensions": dict,
        "documentId": str,
    }
    for name, kind in kinds.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            expected = "an object" if kind is dict else "a string"
            raise _BadBody(f"{name} must be {expected}, got {type(body[name]).__name__}")
    return body


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def context_of(request: HttpRequest, request_id: str) -> Context:
    """Return who is asking, from the bearer token or else from the session."""
    context = Context(request=request, now=timezone.now(), request_id=request_id, sources=SOURCES)
    viewer_id = request.headers.get("X-Viewer-Id") or None
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        identity = identify(plain=_bearer(authorization), viewer_id=viewer_id, now=context.now)
        context.caller, context.viewer, context.scopes = identity.caller, identity.viewer, identity.scopes
    elif settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        _check_csrf(request)
        context.caller = context.viewer = request.user
        context.by_session = True
    if context.caller is None and viewer_id is not None:
        raise Unauthenticated("X-Viewer-Id goes with a service's token: send an Authorization: Bearer <token> header")
    if context.by_session and viewer_id not in (None, request.user.pk):
        raise NotAllowed("a session speaks for its user alone: X-Viewer-Id needs a token with the scope act_as")
    return context


def _bearer(authorization: str) -> str:
    scheme, _, plain = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("send the token as Authorization: Bearer <token>")
    return plain.strip()


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, telling the reason instead of making a page of it."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _check_csrf(request: HttpRequest) -> None:
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    # The decorator above exempts the view; this one time it is not.
    reason = check.process_view(request, _unexempted, (), {})
    if reason:
        raise NotAllowed("a session's request needs its CSRF token in the X-CSRFToken header")


def _unexempted() -> HttpResponse:
    """Stand for a view without exemption."""
    return HttpResponse()


def account_of(context: Context) -> str:
    """Return whose budget a request spends: the viewer's, else the service's, else that of the address it came from."""
    if context.viewer is not None:
        return f"viewer:{context.viewer.id}"
    if context.caller is not None:
        return f"caller:{context.caller.id}"
    # Each of our proxies has added the address it heard from; what stands before those anybody may have written.
    written = f"{context.request.META.get('HTTP_X_FORWARDED_FOR', '')},{context.request.META.get('REMOTE_ADDR', '')}"
    heard = [address.strip() for address in written.split(",") if address.strip()] or ["unknown"]
    return f"address:{heard[-1 - min(settings.TRUSTED_PROXIES, len(heard) - 1)]}"


def _executed(body: dict[str, Any], context: Context) -> HttpResponse:
    context.account = account_of(context)
    try:
        result = schema.execute_sync(
            trusted.document_of(body),
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
            context_value=context,
            allowed_operation_types=OPERATIONS,
        )
    except MissingQueryError:
        raise Invalid('send a query: {"query": "{ me { username } }"}') from None
    except CannotGetOperationTypeError as error:
        raise Invalid(error.as_http_error_reason()) from None
    except InvalidOperationTypeError:
        raise Invalid("subscriptions go over a web socket (graphql-transport-ws)") from None
    errors = result.errors or []
    if any(is_database_down(error.original_error) for error in errors):
        return _unavailable(context)
    answer: dict[str, Any] = {"data": result.data}
    if errors:
        answer["errors"] = [present(error, context.request_id) for error in errors]
    return HttpResponse(orjson.dumps({**answer, **_beside(context)}, default=str), content_type="application/json")


def _failed(error: Exception, request_id: str, context: Context | None) -> HttpResponse:
    if is_database_down(error):
        return _unavailable(context)
    shown = present(GraphQLError(str(error), original_error=error), request_id)
    answer = {"data": None, "errors": [shown], **_beside(context)}
    return HttpResponse(orjson.dumps(answer), content_type="application/json")


def _beside(context: Context | None) -> dict[str, Any]:
    """Return what stands beside every answer to a document that could be read: what it cost."""
    return {"extensions": {"cost": context.cost}} if context is not None and context.cost is not None else {}


def _refused(
    message: str,
    *,
    status: int,
    code: str = "BAD_INPUT",
    headers: dict[str, str] | None = None,
    context: Context | None = None,
) -> HttpResponse:
    return JsonResponse({**refusal(message, code), **_beside(context)}, status=status, headers=headers)


def _unavailable(context: Context | None) -> HttpResponse:
    message = f"the database does not answer; try again in {RETRY_AFTER_SECONDS} s"
    headers = {"Retry-After": RETRY_AFTER_SECONDS}
    return _refused(message, code="INTERNAL", status=503, headers=headers, context=context)


def _csrf_token(request: HttpRequest) -> str:
    """Return the token that GraphiQL must send for a session; '' for those who come without one."""
    try:
        return get_token(request) if request.user.is_authenticated else ""
    except DatabaseError:
        return ""


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served: the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        answer = {"status": "unavailable", "database": "does not answer"}
        return JsonResponse(answer, status=503, headers={"Retry-After": RETRY_AFTER_SECONDS})
    return JsonResponse({"status": "ok", "database": "answers"})
