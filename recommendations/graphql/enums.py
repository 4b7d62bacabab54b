"""What clients call algorithms, acts and trends: the words of the tables, in capitals."""

from enum import Enum

import strawberry

from recommendations.models import Algorithm, EventType, FeedbackType, TimeWindow, TrendType

strawberry.enum(Algorithm, description="Who proposed a title.")
strawberry.enum(EventType, description="What a viewer can do.")
strawberry.enum(FeedbackType, description="What became of a recommendation.")
strawberry.enum(TimeWindow, description="How long a trend is looked at.")
strawberry.enum(TrendType, description="Among whom something trends.")


@strawberry.enum(description="What became of one event.")
class EventStatus(Enum):
    """As record_events says it."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


__all__ = ["Algorithm", "EventStatus", "EventType", "FeedbackType", "TimeWindow", "TrendType"]
