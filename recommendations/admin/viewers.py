"""The page about a viewer, with what the engine made of them: taste, services, clusters and what they did last."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from bingeboard.admin.display import NOTHING, anchor, link, list_of, moment, page_of, panel, rounded, small_table
from bingeboard.shows.models import Watchlist
from bingeboard.users.admin import UserAdmin
from bingeboard.users.models import User
from recommendations.models import (
    PlatformUserPreference,
    RecommendationCandidate,
    RecommendationFeedback,
    ServedList,
    UserBehaviorEvent,
    UserCluster,
    UserTasteProfile,
)
from social.models import SocialSignal

TASTES_SHOWN = 20
EVENTS_SHOWN = 15
ELSEWHERE = (
    ("Events", UserBehaviorEvent),
    ("Taste", UserTasteProfile),
    ("Candidates", RecommendationCandidate),
    ("Served lists", ServedList),
    ("Feedback", RecommendationFeedback),
    ("Watchlist", Watchlist),
    ("Friends' signals", SocialSignal),
)

admin.site.unregister(User)


@admin.register(User)
class ViewerAdmin(UserAdmin):
    """Viewers, with what is known of them."""

    readonly_fields = (*UserAdmin.readonly_fields, "elsewhere", "taste", "services", "clusters", "last_events")
    fieldsets = (
        UserAdmin.fieldsets[0],
        ("Taste", {"classes": ["tab"], "fields": ("taste",)}),
        ("Lately", {"classes": ["tab"], "fields": ("last_events", "elsewhere")}),
        ("Services and clusters", {"classes": ["tab"], "fields": ("services", "clusters")}),
        *UserAdmin.fieldsets[1:],
    )

    @panel("what they like most")
    def taste(self, viewer: User) -> SafeString:
        tastes = UserTasteProfile.objects.filter(user=viewer).order_by("-affinity_score")[:TASTES_SHOWN]
        return small_table(
            ["Feature", "Kind", "Affinity", "Stated", "Confidence"],
            [
                [
                    one.feature_value,
                    one.get_feature_type_display(),
                    rounded(one.affinity_score, 2, signed=True),
                    rounded(one.stated_affinity, 2, signed=True),
                    rounded(one.confidence, 2),
                ]
                for one in tastes
            ],
        )

    @panel("services")
    def services(self, viewer: User) -> SafeString:
        found = PlatformUserPreference.objects.filter(user=viewer).order_by("-preference_score", "platform_name")
        return small_table(
            ["Service", "Has it", "Who says so", "Preference", "Share of use"],
            [
                [
                    one.platform_name,
                    "yes" if one.has_subscription else "no",
                    "the viewer" if one.is_stated else "learned",
                    rounded(one.preference_score, 2),
                    rounded(one.usage_frequency, 2),
                ]
                for one in found
            ],
        )

    @panel("clusters")
    def clusters(self, viewer: User) -> SafeString:
        found = UserCluster.objects.filter(user=viewer).order_by("cluster_type")
        return small_table(
            ["Kind", "Cluster", "Closeness"],
            [[one.get_cluster_type_display(), one.cluster_id, rounded(one.similarity_score, 2)] for one in found],
        )

    @panel("what they did last")
    def last_events(self, viewer: User) -> SafeString:
        found = UserBehaviorEvent.objects.filter(user=viewer).select_related("content").order_by("-created_at", "-id")
        return small_table(
            ["When", "What", "Title", "Engagement"],
            [
                [
                    _when(one),
                    one.get_event_type_display(),
                    link(one.content) if one.content else NOTHING,
                    rounded(one.engagement_score, 2),
                ]
                for one in found[:EVENTS_SHOWN]
            ],
        )

    @panel("all of it")
    def elsewhere(self, viewer: User) -> SafeString:
        pages = ((anchor(list_of(model, user__id__exact=viewer.pk), name),) for name, model in ELSEWHERE)
        return format_html_join(" · ", "{}", pages)


def _when(event: UserBehaviorEvent) -> SafeString:
    """Return a link to an event, by its moment."""
    return anchor(page_of(event, event.pk), moment(event.created_at))
