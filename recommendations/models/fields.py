"""What the model files share: choices, and indexes that may carry the seed's own, longer names."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class LongIndex(models.Index):
    """An index whose name may be as long as PostgreSQL allows; Django's 30 letters are for Oracle."""

    max_name_length = 63


class LongGinIndex(GinIndex):
    """A GIN index whose name may be as long as PostgreSQL allows."""

    max_name_length = 63


class EventType(models.TextChoices):
    """What a viewer can do."""

    VIEW = "view"
    CLICK = "click"
    PLAY = "play"
    PAUSE = "pause"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    SHARE = "share"
    ADD_TO_LIST = "add_to_list"
    REMOVE_FROM_LIST = "remove_from_list"
    COMPLETE = "complete"
    ABANDON = "abandon"


class FeatureType(models.TextChoices):
    """What kind of thing a feature says about a title."""

    GENRE = "genre"
    CAST = "cast"
    DIRECTOR = "director"
    KEYWORD = "keyword"
    MOOD = "mood"
    THEME = "theme"


class FeatureSource(models.TextChoices):
    """Where a feature comes from; what a curator wrote wins."""

    TMDB = "tmdb", "Facts"
    AI_EXTRACTED = "ai_extracted", "Inferred"
    USER_TAGGED = "user_tagged", "Viewers' tags"
    CURATED = "curated", "Curated"


class EmbeddingType(models.TextChoices):
    """What a title's vector was made from."""

    DESCRIPTION = "description"
    METADATA = "metadata"
    HYBRID = "hybrid"


class SimilarityType(models.TextChoices):
    """In what respect two titles are alike."""

    GENRE = "genre"
    CAST = "cast"
    EMBEDDING = "embedding"
    USER_BEHAVIOR = "user_behavior"


class ClusterType(models.TextChoices):
    """By what viewers are grouped."""

    TASTE_BASED = "taste_based"
    BEHAVIOR_BASED = "behavior_based"
    DEMOGRAPHIC = "demographic"


class TimeWindow(models.TextChoices):
    """How long a trend is looked at."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class TrendType(models.TextChoices):
    """Among whom something trends."""

    GLOBAL = "global"
    GENRE = "genre"
    PLATFORM = "platform"
    FRIEND_NETWORK = "friend_network"


class Algorithm(models.TextChoices):
    """Who proposed a title."""

    COLLABORATIVE = "collaborative"
    CONTENT_BASED = "content_based"
    HYBRID = "hybrid"
    TRENDING = "trending"
    SOCIAL = "social"


class FeedbackType(models.TextChoices):
    """What became of a recommendation."""

    IMPRESSION = "impression"
    CLICK = "click"
    LIKE = "like"
    DISLIKE = "dislike"
    NOT_INTERESTED = "not_interested"
    WATCH_STARTED = "watch_started"
    WATCH_COMPLETED = "watch_completed"


class ContextType(models.TextChoices):
    """A dimension of the moment."""

    TIME_OF_DAY = "time_of_day"
    DAY_OF_WEEK = "day_of_week"
    DEVICE = "device"
    SESSION_LENGTH = "session_length"
    MOOD = "mood"


def one_of(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """Return the constraint that a column holds one of the choices."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": choices.values}), name=name)


def between(field: str, low: float, high: float, name: str) -> models.CheckConstraint:
    """Return the constraint that a number stays in its range."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__range": (low, high)}), name=name)
