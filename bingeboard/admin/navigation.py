"""The way around the admin: what stands in the sidebar, by concern, and where one is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

# group -> (model as app.name, what it is called here, icon)
GROUPS: dict[str, list[tuple[str, str, str]]] = {
    "Catalogue": [
        ("shows.show", "Titles", "movie"),
        ("recommendations.contentfeature", "Features", "label"),
        ("shows.platform", "Services", "live_tv"),
        ("shows.showplatform", "Availability", "event_available"),
        ("shows.showtag", "Viewers' tags", "sell"),
        ("recommendations.contentsimilarity", "Similar titles", "join_inner"),
        ("recommendations.contentembedding", "Vectors", "scatter_plot"),
    ],
    "Viewers": [
        ("users.user", "Viewers and staff", "person"),
        ("recommendations.usertasteprofile", "Taste", "favorite"),
        ("recommendations.tasteexclusion", "Taken out of taste", "heart_minus"),
        ("recommendations.usercluster", "Clusters", "groups"),
        ("recommendations.platformuserpreference", "Services they have", "subscriptions"),
        ("shows.watchlist", "Watchlists", "bookmark"),
        ("social.friendship", "Friendships", "handshake"),
        ("account.emailaddress", "Mail addresses", "mail"),
        ("signin.session", "Signed in", "login"),
    ],
    "Behaviour": [
        ("recommendations.userbehaviorevent", "Events", "bolt"),
        ("recommendations.recommendationfeedback", "Feedback", "thumbs_up_down"),
        ("recommendations.usercontext", "Habits", "schedule"),
        ("social.socialsignal", "Friends' signals", "campaign"),
    ],
    "Recommendations": [
        ("recommendations.recommendationcandidate", "Candidates", "format_list_numbered"),
        ("recommendations.servedlist", "Served lists", "view_list"),
        ("recommendations.trendingentry", "Trending", "trending_up"),
        ("recommendations.modelartifact", "Models", "model_training"),
    ],
    "Experiments": [
        ("experiments.experiment", "Experiments", "science"),
        ("experiments.recommendationexperiment", "Who is in which", "alt_route"),
    ],
    "Operations": [
        ("recommendations.viewerstate", "Work due", "pending_actions"),
        ("recommendations.viewercheckpoint", "Acts that have left", "inventory_2"),
        ("django_celery_beat.periodictask", "Schedule", "calendar_clock"),
        ("django_celery_beat.intervalschedule", "Intervals", "timer"),
        ("django_celery_beat.crontabschedule", "Crontabs", "calendar_month"),
        ("django_celery_beat.solarschedule", "Sun times", "wb_twilight"),
        ("django_celery_beat.clockedschedule", "Fixed times", "alarm"),
        ("users.apitoken", "API tokens", "key"),
        ("auth.group", "Staff groups", "admin_panel_settings"),
    ],
}
LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: only what whoever asks may see."""
    first = {"items": [{"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}]}
    groups = [{"title": title, "separator": True, "items": _items(request, names)} for title, names in GROUPS.items()]
    return [first, *[group for group in groups if group["items"]]]


def _items(request: HttpRequest, names: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    items = []
    for name, title, icon in names:
        app, model = name.split(".")
        if any(request.user.has_perm(f"{app}.{right}_{model}") for right in ("view", "change")):
            items.append({"title": title, "icon": icon, "link": reverse(f"admin:{app}_{model}_changelist")})
    return items


def environment(request: HttpRequest) -> list[str]:
    """Return where one is, as the badge says it, and its colour: red is where real viewers are."""
    if settings.ENVIRONMENT_NAME:
        real = settings.ENVIRONMENT_NAME.lower().startswith("prod")
        return [settings.ENVIRONMENT_NAME, "danger" if real else "info"]
    if settings.DEBUG:
        return ["Development", "warning"]
    if settings.DATABASES["default"].get("HOST", "") in LOOPBACK:
        return ["This machine", "info"]
    return ["Production", "danger"]
