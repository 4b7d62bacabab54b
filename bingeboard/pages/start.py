"""The start page, and what it offers to take along: the schema and two examples."""

import json
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bingeboard.pages.operations import Operation, operations
from bingeboard.pages.rendering import page

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLES = PACKAGE / "examples"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Say what this is, where to go, and how to begin."""
    address = f"{request.scheme}://{request.get_host()}"
    values = {
        "graphiql": settings.GRAPHIQL,
        "introspection": settings.INTROSPECTION,
        "demo": settings.DEMO,
        "operations": list(operations().values()),
        "address": address,
        "socket_url": settings.SOCKET_URL,
        "sign_in": example_text("sign_in.sh").replace("$BINGEBOARD_URL", address),
        "sign_up": example_text("sign_up.sh").replace("$BINGEBOARD_URL", address),
        "signup": settings.SIGNUP_OPEN,
        "provider": settings.JWT_ISSUER,
        "python": example_text("recommendations.py"),
        "typescript": example_text("recommendations.ts"),
        "codegen": example_text("codegen.ts"),
    }
    return page(request, "bingeboard/index.html", values)


@require_safe
def schema_text(request: HttpRequest) -> HttpResponse:
    """Serve the schema as tools want it, where it may be asked for."""
    if not settings.INTROSPECTION:
        raise Http404("the schema can not be asked for here")
    return _text((PACKAGE / "schema.graphql").read_text(encoding="utf-8"))


@require_safe
def example(request: HttpRequest, name: str) -> HttpResponse:
    """Serve one of the examples."""
    if name not in {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ts")}:
        raise Http404(f"there is no example {name!r}")
    return _text(example_text(name))


def example_text(name: str) -> str:
    """Return an example as it stands in its file."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def graphiql_page(request: HttpRequest, csrf_token: str) -> HttpResponse:
    """Show GraphiQL, with the ready-made operation that the address names, where it names one."""
    chosen = operations().get(request.GET.get("operation", ""))
    values = {
        "csrf_token": csrf_token,
        "query": chosen.text if chosen else "",
        "variables": _variables(chosen, request) if chosen else "",
    }
    return page(request, "bingeboard/graphiql.html", values)


def _variables(operation: Operation, request: HttpRequest) -> str:
    if not operation.template:
        return ""
    try:
        user_id = str(request.user.pk) if request.user.is_authenticated else None
        return json.dumps(operation.variables(user_id=user_id), indent=2)
    except DatabaseError:
        # The page is no use without a database either, but it says so itself when asked.
        return ""


def _text(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
