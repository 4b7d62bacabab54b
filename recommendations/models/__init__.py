"""All models of the app by name: `from recommendations.models import X` is the one way in."""

from recommendations.models.behavior import UserBehaviorEvent, UserContext
from recommendations.models.content import (
    EMBEDDING_WIDTH,
    ContentEmbedding,
    ContentFeature,
    ContentSimilarity,
)
from recommendations.models.fields import (
    Algorithm,
    ClusterType,
    ContextType,
    EmbeddingType,
    EventType,
    FeatureSource,
    FeatureType,
    FeedbackType,
    SimilarityType,
    TimeWindow,
    TrendType,
)
from recommendations.models.serving import (
    ModelArtifact,
    RecommendationCandidate,
    RecommendationFeedback,
    ServedList,
    TrendingEntry,
    ViewerState,
)
from recommendations.models.taste import (
    PlatformUserPreference,
    TasteExclusion,
    UserCluster,
    UserTasteProfile,
    ViewerCheckpoint,
)

__all__ = [
    "EMBEDDING_WIDTH",
    "Algorithm",
    "ClusterType",
    "ContentEmbedding",
    "ContentFeature",
    "ContentSimilarity",
    "ContextType",
    "EmbeddingType",
    "EventType",
    "FeatureSource",
    "FeatureType",
    "FeedbackType",
    "ModelArtifact",
    "PlatformUserPreference",
    "RecommendationCandidate",
    "RecommendationFeedback",
    "ServedList",
    "SimilarityType",
    "TasteExclusion",
    "TimeWindow",
    "TrendType",
    "TrendingEntry",
    "UserBehaviorEvent",
    "UserCluster",
    "UserContext",
    "UserTasteProfile",
    "ViewerCheckpoint",
    "ViewerState",
]
