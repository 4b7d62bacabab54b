"""
The demo page: be one of the made-up viewers, tell the engine something, and see the list change.

No token reaches the browser. Whom one has chosen stands in a signed cookie that scripts can not read, that goes to
this page alone, from this site alone, and ends after COOKIE_SECONDS; it opens nothing but the acts below, for made-up
viewers only. Forms carry Django's CSRF token. Where settings.DEMO is off, all of this is 404.
"""

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from bingeboard.context import Context
from bingeboard.demo.generator import NAMED
from bingeboard.demo.personas import BY_NAME, Persona
from bingeboard.errors import BingeBoardError, Invalid
from bingeboard.pages.cards import Card, Row, cards_of, moves_between, taste_of
from bingeboard.pages.operations import operations
from bingeboard.pages.rendering import page
from bingeboard.schema import SOURCES, schema
from bingeboard.users.models import User

COOKIE, SALT = "bingeboard_demo", "bingeboard.pages.demo"
COOKIE_SECONDS = 2 * 3600
# Acts that can be taken back from the page; a cookie holds 4 kB.
ACTS_KEPT = 6
TITLE_LETTERS = 40
SEARCH_LETTERS = 100
FEEDBACK = {
    "like": ("LIKE", "You like {}"),
    "dismiss": ("NOT_INTERESTED", "Not interested in {}"),
    "watch": ("WATCH_COMPLETED", "You watched {}"),
}
PERSONAS: dict[str, Persona] = {identity: BY_NAME[persona] for identity, _, persona in NAMED}


@dataclass(frozen=True)
class Visit:
    """
    What the cookie holds.

    viewer    the made-up viewer's id
    acts      what was said and can be taken back, newest first: [feedback id, text, the title's id where
              it has no place in any row from now on]
    before    the list as it stood before the last act, as global ids of titles
    said      what the last act was, to be told once
    """

    viewer: str
    acts: Sequence[Sequence[str]] = ()
    before: Sequence[str] = ()
    said: str = ""


@dataclass(frozen=True)
class Choice:
    """A made-up viewer to choose."""

    id: str
    name: str
    persona: Persona
    likes: list[str] = field(default_factory=list)


View = Callable[..., HttpResponse]


def only_in_demos(view: View) -> View:
    """Let a view answer where the demo is on, and be nowhere where it is off."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404("there is no demo here")
        response = view(request, **arguments)
        response["Cache-Control"] = "no-store"
        return response

    return guarded


@require_safe
@only_in_demos
def board(request: HttpRequest) -> HttpResponse:
    """Show the chosen viewer's lists, or whom one may choose."""
    visit = _visit(request)
    if visit is None:
        return page(request, "bingeboard/demo/choose.html", {"choices": _choices()}, forms=True)
    response = _board(request, visit)
    if visit.said:
        # Told once; whoever loads the page again sees the list as it is.
        _keep(response, replace(visit, said="", before=()))
    return response


@require_POST
@only_in_demos
def choose(request: HttpRequest) -> HttpResponse:
    """Become a made-up viewer, or nobody where none is named."""
    response = HttpResponseRedirect(reverse("demo"))
    wanted = request.POST.get("viewer", "")
    if wanted == "":
        response.delete_cookie(COOKIE, path=reverse("demo"), samesite="Strict")
        return response
    if wanted not in _present():
        raise Http404("there is no such made-up viewer")
    _keep(response, Visit(wanted))
    return response


@require_POST
@only_in_demos
def act(request: HttpRequest) -> HttpResponse:
    """Say one thing of one title, or take it back; a script gets the new board, a browser is sent to it."""
    visit = _visit(request)
    if visit is None:
        return HttpResponseRedirect(reverse("demo"))
    before = [gid for gid in request.POST.get("before", "").split(",") if gid][:100]
    try:
        after = _acted(request, visit, request.POST.get("do", ""))
        visit = replace(after, before=before)
    except BingeBoardError as error:
        visit = replace(visit, said=error.message, before=())
    if "X-Fragment" in request.headers:
        response = _board(request, visit)
        _keep(response, replace(visit, said="", before=()))
        return response
    # What moved is told where the browser lands next.
    return _keep(HttpResponseRedirect(reverse("demo")), visit)


def _acted(request: HttpRequest, visit: Visit, wanted: str) -> Visit:
    """Do what a button asks, "kind:title" or "undo:feedback", and return the visit with it."""
    kind, _, gid = wanted.partition(":")
    if kind == "undo":
        told = next((text for known, text, _ in visit.acts if known == gid), None)
        if told is None:
            raise Invalid("there is nothing of that to take back")
        _ask(request, visit.viewer, "undo_feedback", {"feedbackIds": [gid]})
        return replace(visit, acts=[a for a in visit.acts if a[0] != gid], said=f"Taken back: {told}")
    if kind not in FEEDBACK:
        raise Invalid(f"one can {', '.join(FEEDBACK)} or undo here, not {kind[:20]!r}")
    name, words = FEEDBACK[kind]
    title = _ask(request, visit.viewer, "title", {"show": gid})["show"]
    if title is None:
        raise Invalid("there is no such title")
    sent: dict[str, Any] = {"feedbackType": name, "showId": gid}
    # A title from the list points back to it; one that was searched for stands in no list.
    if place := request.POST.get(f"place:{gid}"):
        position, _, served = place.partition(" ")
        sent |= {"requestId": served, "position": _whole(position)}
    answer = _ask(request, visit.viewer, "send_feedback", {"feedback": [sent]})["sendFeedback"]
    if answer["userErrors"]:
        raise Invalid(answer["userErrors"][0]["message"])
    text = words.format(title["title"][:TITLE_LETTERS])
    others = [known for known in visit.acts if known[0] not in answer["feedbackIds"]]
    acts = [[feedback_id, text, "" if kind == "like" else gid] for feedback_id in answer["feedbackIds"]] + others
    return replace(visit, acts=acts[:ACTS_KEPT], said=text)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Invalid(f"a place is a number, got {text[:20]!r}")
    return int(text)


def _board(request: HttpRequest, visit: Visit) -> HttpResponse:
    persona = PERSONAS[visit.viewer]
    listed = _ask(request, visit.viewer, "my_list", {})["recommendations"]
    cards = cards_of([edge["node"] for edge in listed["edges"]], row="a", request=listed["requestId"])
    moves, summary = moves_between(visit.before, cards)
    values = {
        "visit": visit,
        "choices": _choices(),
        "persona": persona,
        "cards": [replace(card, move=moves.get(card.id)) for card in cards],
        "summary": summary,
        "rows": _rows(request, visit, cards),
        "taste": taste_of(_ask(request, visit.viewer, "my_taste", {})["tasteProfile"]["edges"]),
        "can_search": "search" in operations(),
        **_found(request, visit.viewer),
    }
    template = "bingeboard/demo/board.html" if "X-Fragment" in request.headers else "bingeboard/demo/page.html"
    response = page(request, template, values, forms=True)
    response["Vary"] = "Cookie, X-Fragment"
    return response


def _found(request: HttpRequest, viewer: str) -> dict[str, Any]:
    asked = (request.GET.get("q") or request.POST.get("q") or "").strip().replace("\0", "")[:SEARCH_LETTERS]
    if not asked or "search" not in operations():
        return {"asked": "", "found": None}
    edges = _ask(request, viewer, "search", {"query": asked})["searchShows"]["edges"]
    return {"asked": asked, "found": cards_of([{"show": edge["node"]} for edge in edges], row="f")}


def _rows(request: HttpRequest, visit: Visit, above: Sequence[Card]) -> list[Row]:
    """Return the rows below the list, without what stands in it already or was just dealt with."""
    viewer = visit.viewer
    if "home" in operations():
        home = _ask(request, viewer, "home", {})["home"]
        rows = [
            Row(row["title"], cards_of(row["items"], row=f"h{place}", request=home["requestId"]))
            for place, row in enumerate(home["rows"])
        ]
    else:
        rows = _rows_without_home(request, viewer, above)
    shown = {card.id for card in above} | {gid for _, _, gid in visit.acts}
    kept = [Row(row.title, [card for card in row.cards if card.id not in shown]) for row in rows]
    return [row for row in kept if len(row.cards) > 1]


def _rows_without_home(request: HttpRequest, viewer: str, above: Sequence[Card]) -> list[Row]:
    trending = Row("Trending this week", cards_of(_ask(request, viewer, "trending", {})["trending"], row="t"))
    anchor = next((card.because for card in above if card.because), None)
    if anchor is None:
        return [trending]
    similar = _ask(request, viewer, "similar", {"show": anchor["id"]})["similarShows"]
    return [Row(f"More like {anchor['title']}", cards_of(similar, row="s")), trending]


def _ask(request: HttpRequest, viewer: str, name: str, variables: dict[str, Any]) -> Any:
    """Return the data of one of our own operations, asked as the viewer."""
    user = User.objects.get(pk=viewer)
    context = Context(
        request=request,
        now=timezone.now(),
        viewer=user,
        caller=user,
        scopes=frozenset({"viewer"}),
        request_id=uuid.uuid4().hex,
        sources=SOURCES,
    )
    result = schema.execute_sync(operations()[name].text, variable_values=variables, context_value=context)
    if result.errors:
        raise result.errors[0].original_error or Invalid(result.errors[0].message)
    return result.data


def _visit(request: HttpRequest) -> Visit | None:
    """Return what the cookie says, where it is ours, not too old, and of a made-up viewer who is still there."""
    try:
        held = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=dt.timedelta(seconds=COOKIE_SECONDS))
        visit = Visit(**held)
    except (signing.BadSignature, TypeError):
        return None
    return visit if visit.viewer in _present() else None


def _keep(response: HttpResponse, visit: Visit) -> HttpResponse:
    held = {"viewer": visit.viewer, "acts": list(visit.acts), "before": list(visit.before), "said": visit.said}
    response.set_cookie(
        COOKIE,
        signing.dumps(held, salt=SALT, compress=True),
        max_age=COOKIE_SECONDS,
        path=reverse("demo"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def _present() -> dict[str, str]:
    """
    Return the names by id of the made-up viewers that may be chosen: never staff.

    One of them has a password, for trying how people sign in; nobody who signs up gets an id like theirs.
    """
    found = User.objects.filter(pk__in=PERSONAS, is_active=True, is_staff=False, is_superuser=False)
    return dict(found.values_list("pk", "username"))


def _choices() -> list[Choice]:
    present = _present()
    return [
        Choice(identity, present[identity].capitalize(), persona, _likes(persona))
        for identity, persona in PERSONAS.items()
        if identity in present
    ]


def _likes(persona: Persona) -> list[str]:
    likes = sorted(persona.likes.items(), key=lambda item: -item[1])
    return [value for (kind, value), _ in likes if kind in ("genre", "mood", "theme")][:4]
