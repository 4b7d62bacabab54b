"""What clients call kinds of titles, of facts about them, and of likeness between them."""

from enum import Enum

import strawberry

from bingeboard.shows.models import ContentKind

# The alias is what annotations use, so that nothing meets the class before it has its name.
ContentType = ContentKind
strawberry.enum(
    ContentType, name="ContentType", description="What an event or a title is about; titles are films or series."
)


# The two below belong to tables a floor higher; a test holds their values to those tables' choices.
@strawberry.enum(description="What kind of thing a feature says about a title.")
class FeatureType(Enum):
    """As in content_features and user_taste_profiles."""

    GENRE = "genre"
    CAST = "cast"
    DIRECTOR = "director"
    KEYWORD = "keyword"
    MOOD = "mood"
    THEME = "theme"


@strawberry.enum(description="In what respect two titles are alike.")
class SimilarityType(Enum):
    """As in content_similarity."""

    GENRE = "genre"
    CAST = "cast"
    EMBEDDING = "embedding"
    USER_BEHAVIOR = "user_behavior"
