"""What is shown and what came back: trends, candidates, served lists and feedback."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Func, IntegerField, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from bingeboard.admin.base import TITLE_LOOKUPS, VIEWER_LOOKUPS, ReadOnlyAdmin
from bingeboard.admin.display import (
    NOTHING,
    anchor,
    json_field,
    linked,
    list_of,
    number,
    page_of,
    panel,
    rounded,
    small_table,
)
from bingeboard.shows.models import Platform, Show
from bingeboard.users.models import User
from recommendations.models import RecommendationCandidate, RecommendationFeedback, ServedList, TrendingEntry
from recommendations.pipeline.wording import sentence

# The parts of a score and how each counts, in the order they are added up.
PARTS = (
    ("base_score", "Base", 1),
    ("popularity_boost", "Popularity", 1),
    ("recency_boost", "Recency", 1),
    ("diversity_penalty", "Diversity", -1),
    ("availability_boost", "Availability", 1),
    ("social_boost", "Friends", 1),
)
ITEMS_SHOWN = 100


@admin.register(TrendingEntry)
class TrendingEntryAdmin(ReadOnlyAdmin):
    """Titles that do better than was to be expected, by window and among whom."""

    list_display = ("trend_type", "time_window", "title", "score", "among", "viewers", "calculated_at", "expires_at")
    list_filter = (
        ("trend_type", ChoicesDropdownFilter),
        ("time_window", ChoicesDropdownFilter),
        ("content", AutocompleteSelectFilter),
    )
    list_select_related = ("content",)
    search_fields = ("=trend_type",)
    search_through = {"content": TITLE_LOOKUPS}
    search_help_text = "Title"
    ordering = ("trend_type", "-trend_score")
    sortable_by = ()
    fields = (
        "title",
        ("trend_type", "time_window", "among"),
        ("score", "viewers"),
        ("calculated_at", "expires_at"),
    )
    readonly_fields = ("title", "score", "among")

    title = linked("content", "title")
    score = number("trend_score", "score")

    @display(description="among")
    def among(self, row: TrendingEntry) -> str:
        return ", ".join(str(value) for value in (row.segment or {}).values()) or "everyone"


@admin.register(RecommendationCandidate)
class RecommendationCandidateAdmin(ReadOnlyAdmin):
    """Titles proposed for viewers, with every part of the score and why."""

    list_display = (
        *("viewer", "title", "algorithm_type", "score"),
        *("base", "popular", "recent", "diversity", "available", "friends"),
    )
    list_display_links = ("score",)
    list_filter = (
        ("algorithm_type", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("content", AutocompleteSelectFilter),
    )
    list_select_related = ("user", "content")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS, "content": TITLE_LOOKUPS}
    search_help_text = "Viewer or title"
    ordering = ("user_id", "-final_score")
    sortable_by = ()
    fields = (("viewer", "title"), "algorithm_type", "sum", "why", "brought_by", ("generated_at", "expires_at"))
    readonly_fields = ("viewer", "title", "sum", "why", "brought_by")

    viewer = linked("user", "viewer")
    title = linked("content", "title")
    score = number("final_score", "score")
    base = number("base_score", "base", digits=2)
    popular = number("popularity_boost", "popular", digits=2, signed=True)
    recent = number("recency_boost", "recent", digits=2, signed=True)
    diversity = number("diversity_penalty", "diversity", digits=2)
    available = number("availability_boost", "available", digits=2, signed=True)
    friends = number("social_boost", "friends", digits=2, signed=True)

    @panel("how the score adds up")
    def sum(self, row: RecommendationCandidate) -> SafeString:
        parts = [[label, rounded(sign * getattr(row, name), signed=True)] for name, label, sign in PARTS]
        return small_table(["Part", "Score"], [*parts, ["Together", rounded(row.final_score, signed=True)]])

    @panel("why")
    def why(self, row: RecommendationCandidate) -> SafeString:
        reasons = (row.explanation or {}).get("reasons", [])
        return small_table(["Reason", "Adds"], _told(reasons), empty="No reason was kept")

    @panel("who proposed it")
    def brought_by(self, row: RecommendationCandidate) -> SafeString:
        parts = row.parts or []
        return small_table(
            ["Algorithm", "Its score", "Its weight", "Its rank"],
            [[name, rounded(score), rounded(weight, 2), rank] for name, score, weight, rank in parts],
        )


def _told(reasons: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return reasons as sentences with what each adds to the score."""
    reasons = list(reasons)
    shows = {show for reason in reasons for show in reason.get("shows", ())}
    friends = {friend for reason in reasons for friend in reason.get("friends", ())}
    titles = dict(Show.objects.filter(pk__in=shows).values_list("pk", "title"))
    names = dict(User.objects.filter(pk__in=friends).values_list("pk", "username"))
    platforms = dict(Platform.objects.values_list("slug", "name"))
    return [
        [sentence(reason, titles=titles, names=names, platforms=platforms), rounded(reason["weight"], signed=True)]
        for reason in reasons
    ]


@admin.register(ServedList)
class ServedListAdmin(ReadOnlyAdmin):
    """Lists as they were served, and as they stay."""

    list_display = ("created_at", "viewer", "algorithm", "length", "variant_of", "model_version", "short_id")
    list_filter = (
        ("algorithm", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("user",)
    search_fields = ("=request_id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer or request id"
    # Lists are kept for the same time, so this is by age, and there is an index for it.
    ordering = ("-expires_at", "request_id")
    sortable_by = ()
    fields = (
        ("request_id", "viewer"),
        ("algorithm", "model_version", "variant_of"),
        ("created_at", "generated_at", "expires_at"),
        "asked_with",
        "places",
        "came_back",
    )
    readonly_fields = ("request_id", "viewer", "variant_of", "asked_with", "places", "came_back")

    viewer = linked("user", "viewer")
    asked_with = json_field("parameters", "asked with")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        # A page of lists holds thousands of titles with their reasons; only how many there are is shown.
        n_titles = Func("items", function="jsonb_array_length", output_field=IntegerField())
        return super().get_queryset(request).defer("items").annotate(n_titles=n_titles)

    @display(description="titles")
    def length(self, row: Any) -> int:
        return row.n_titles

    @display(description="request")
    def short_id(self, row: ServedList) -> str:
        return str(row.request_id)[:8]

    @display(description="experiment")
    def variant_of(self, row: ServedList) -> str:
        return f"{row.experiment_name}: {row.variant}" if row.experiment_name else NOTHING

    def about(self, term: str) -> Q:
        """Return the condition that it is the list with this request id, or one of a viewer the term finds."""
        return super().about(term) | _with_request(term, "request_id")

    @panel("what was shown")
    def places(self, row: ServedList) -> SafeString:
        items = row.items[:ITEMS_SHOWN]
        titles = Show.objects.in_bulk([item["show"] for item in items])
        return small_table(
            ["", "Title", "Score", "Propensity", "Reasons"],
            [
                [
                    item["position"],
                    anchor(page_of(Show, item["show"]), titles.get(item["show"], f"title {item['show']}, gone")),
                    rounded(item.get("breakdown", {}).get("final_score")),
                    rounded(item.get("propensity"), 2),
                    "; ".join(reason["text"] for reason in item.get("reasons", [])),
                ]
                for item in items
            ],
        )

    @panel("what came back")
    def came_back(self, row: ServedList) -> SafeString:
        return anchor(list_of(RecommendationFeedback, request_id__exact=row.pk), "Feedback to this list")


def _with_request(term: str, field: str) -> Q:
    try:
        return Q(**{field: uuid.UUID(term)})
    except ValueError:
        return Q(pk__in=())


@admin.register(RecommendationFeedback)
class RecommendationFeedbackAdmin(ReadOnlyAdmin):
    """What viewers did with what they were shown."""

    list_display = ("created_at", "viewer", "feedback_type", "title", "position", "worth", "shown_in")
    list_filter = (
        ("feedback_type", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("content", AutocompleteSelectFilter),
    )
    list_select_related = ("user", "content")
    search_fields = ("=request_id",)
    search_through = {"user": VIEWER_LOOKUPS, "content": TITLE_LOOKUPS}
    search_help_text = "Viewer, title or request id"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("viewer", "title"),
        ("feedback_type", "worth", "position"),
        ("shown_in", "proposal"),
        ("created_at", "received_at"),
        "circumstances",
    )
    readonly_fields = ("viewer", "title", "worth", "shown_in", "proposal", "circumstances")

    viewer = linked("user", "viewer")
    title = linked("content", "title")
    worth = number("feedback_value", "value", digits=2)
    proposal = linked("recommendation", "candidate")
    circumstances = json_field("context", "circumstances")

    @display(description="list")
    def shown_in(self, row: RecommendationFeedback) -> SafeString | str:
        if row.request_id is None:
            return NOTHING
        return anchor(page_of(ServedList, row.request_id), str(row.request_id)[:8])

    def about(self, term: str) -> Q:
        """Return the condition that it answers the list with this request id, or is about what the term finds."""
        return super().about(term) | _with_request(term, "request_id")
