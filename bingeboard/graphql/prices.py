"""
What a field costs, in points, and how many items a list is taken to hold.

A point is about what it costs to make one object of an answer: a leaf costs nothing, an object 1, a list its items
times what is inside. What is dearer than that stands here, by name, with its reason; so does every field of Query,
Mutation and Subscription, so that nobody adds one without a thought for what it costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# Prices are points; beyond HIGHEST one field alone would be a fortieth of what an operation may cost by default.
LOWEST, HIGHEST = 0, 600
# Sizes are items; nothing hands out more at once than a page.
SMALLEST, LARGEST = 1, 100


@dataclass(frozen=True)
class Price:
    """
    What calling a field costs on top of what is selected inside it.

    points  points a call, LOWEST to HIGHEST; of an object or a list, instead of the 1 or 0 they cost by kind
    why     the reason
    batch   the argument that is a list of items, each worked on by itself
    each    points for an item of it
    lists   which lists inside have as many items as an argument says, or holds: "Type.field" -> argument
    """

    points: int
    why: str
    batch: str = ""
    each: int = 0
    lists: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Size:
    """How many items a list without a size of its own is taken to hold, SMALLEST to LARGEST, and why."""

    items: int
    why: str


PRICES: Mapping[str, Price] = {
    "Query.me": Price(1, "read already"),
    "Query.node": Price(2, "one row by its key, sometimes with its list"),
    "Query.show": Price(2, "one row by its key"),
    "Query.shows": Price(5, "a filter over the catalogue"),
    "Query.platforms": Price(1, "one small table"),
    "Query.searchShows": Price(30, "turns the words into a vector, and searches three ways"),
    "Query.recommendations": Price(
        100,
        "folds in what is new, scores all candidates and keeps the list: 40 ms of CPU, as long as a home page",
    ),
    "Query.whyNot": Price(150, "ranks the viewer's list several times over, a thing changed each time"),
    "Query.similarShows": Price(5, "one read by its key"),
    "Query.trending": Price(5, "one read by its key"),
    "Query.tasteProfile": Price(10, "folds in what is new"),
    "Query.previewTaste": Price(
        150,
        "ranks the list twice, before and after",
        batch="changes",
        each=1,
        lists={f"TastePreview.{part}": "first" for part in ("before", "after", "entered", "left")},
    ),
    "Query.home": Price(
        100,
        "ranks more than one list's worth of titles and cuts rows from them",
        lists={"HomePage.rows": "rows", "HomeRow.items": "perRow"},
    ),
    "Query.groupRecommendations": Price(
        50,
        "ranks a list for everyone on the sofa",
        batch="viewerIds",
        each=50,
        lists={"GroupRecommendation.members": "viewerIds"},
    ),
    "Query.friends": Price(5, "one read by its key"),
    "Query.experiments": Price(20, "counts viewers by variant"),
    "Query.experimentReport": Price(300, "reads everything that anyone in the experiment did"),
    "Mutation.trackEvents": Price(
        10, "one transaction", batch="events", each=1, lists={"TrackEventsPayload.outcomes": "events"}
    ),
    "Mutation.sendFeedback": Price(10, "one transaction", batch="feedback", each=2),
    "Mutation.undoFeedback": Price(20, "unmakes what followed from it", batch="feedbackIds", each=5),
    "Mutation.updateTaste": Price(20, "one transaction, and a profile made anew", batch="changes", each=1),
    "Mutation.excludeFromTaste": Price(50, "works the taste out anew from everything the viewer did"),
    "Mutation.setPlatforms": Price(
        10, "one transaction", batch="platforms", each=1, lists={"PlatformsPayload.platforms": "platforms"}
    ),
    "Mutation.refreshRecommendations": Price(200, "has a worker make all candidates of the viewer"),
    "Mutation.recommendToFriend": Price(10, "one transaction, and a list of the friend's made anew"),
    "Mutation.requestFriendship": Price(5, "one transaction"),
    "Mutation.answerFriendship": Price(10, "one transaction, and what friends see with it"),
    "Mutation.endFriendship": Price(10, "one transaction, and what friends see with it"),
    "Mutation.setConsent": Price(50, "deletes or works out anew all that is derived of the viewer"),
    "Mutation.exportMyData": Price(500, "reads every table"),
    "Mutation.deleteMyData": Price(500, "deletes from every table"),
    "Subscription.recommendationsChanged": Price(100, "each list that is looked at is made as a query's is"),
    "Show.similar": Price(1, "read for all titles of the page at once"),
}

# What a list holds in an ordinary answer, where no argument says how many.
SIZES: Mapping[str, Size] = {
    "Query.platforms": Size(10, "services of one country"),
    "Query.experiments": Size(10, "experiments that are not archived"),
    "Show.platforms": Size(3, "services that have a title"),
    "Show.features": Size(15, "genres, cast, directors, keywords of a title"),
    "Recommendation.reasons": Size(3, "reasons of a place"),
    "Reason.shows": Size(2, "titles that a reason names"),
    "Reason.friends": Size(2, "friends that a reason names"),
    "ScoreBreakdown.algorithms": Size(5, "algorithms"),
    "GroupRecommendation.members": Size(4, "people on a sofa"),
    "Experiment.variants": Size(3, "variants of an experiment"),
    "ExperimentReport.metrics": Size(12, "metrics times variants"),
    "WhyNot.displacedBy": Size(10, "titles that stand where it might"),
    "__Schema.types": Size(100, "types of this schema"),
    "__Schema.directives": Size(5, "directives of this schema"),
    "__Type.fields": Size(8, "fields of a type"),
    "__Type.inputFields": Size(2, "one type in five is an input, of some eight fields"),
    "__Type.enumValues": Size(2, "one type in ten is an enum, of some ten values"),
    "__Type.interfaces": Size(1, "Node, or none"),
    "__Type.possibleTypes": Size(1, "most types are no interface"),
    "__Field.args": Size(1, "most fields have none, a few have five"),
    "__Directive.args": Size(1, "the condition of @skip and @include"),
}
# Any other list: problems of a payload, and lists that are still to come.
USUAL_SIZE = Size(5, "between the reasons of a place and the titles of a page")
