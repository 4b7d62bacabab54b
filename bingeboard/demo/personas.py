"""
Who the made-up viewers are: a dozen tastes, each with what it likes, avoids, and when and where it watches.

Likings are weights on genres, moods, themes and keywords of the demo catalogue. A viewer mixes one or two of them, so
the right answer to "what would they enjoy?" is known by construction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Persona:
    """
    One taste.

    likes, avoids   weight by (kind, value); kinds are genre, mood, theme, keyword, type ("movie" or "tv") and era
                    ("classic" to 1979, "retro" to 1999, "modern" after)
    hours           when they watch, in their own time
    device          what they mostly watch on
    platforms       the services they have
    finishes        how often they finish what they half like, 0 to 1
    """

    name: str
    likes: Mapping[tuple[str, str], float]
    avoids: Mapping[tuple[str, str], float] = field(default_factory=dict)
    hours: tuple[int, ...] = (19, 20, 21, 22)
    device: str = "tv"
    platforms: tuple[str, ...] = ("netflix",)
    finishes: float = 0.6


def _likes(**kinds: Mapping[str, float]) -> dict[tuple[str, str], float]:
    return {(kind, value): weight for kind, values in kinds.items() for value, weight in values.items()}


PERSONAS = (
    Persona(
        "space-opera dreamer",
        _likes(
            genre={"Science Fiction": 3.0, "Adventure": 1.0, "Fantasy": 0.5},
            mood={"epic": 1.0, "thoughtful": 0.5},
            theme={
                "exploration": 1.5,
                "the unknown": 1.0,
                "artificial intelligence": 1.2,
                "technology and society": 0.8,
            },
            keyword={
                "space travel": 1.0,
                "spaceship": 1.0,
                "alien contact": 1.0,
                "robot": 0.8,
                "time travel": 0.8,
                "dystopia": 0.6,
            },
        ),
        _likes(genre={"Romance": 1.0, "Documentary": 0.5}),
        hours=(20, 21, 22, 23),
        platforms=("disney-plus", "prime-video"),
    ),
    Persona(
        "cosy mystery fan",
        _likes(
            genre={"Mystery": 2.5, "Crime": 1.0, "Comedy": 0.4},
            mood={"cosy": 2.0, "playful": 0.8, "whimsical": 0.5, "nostalgic": 0.5},
            theme={"justice": 0.8, "community": 1.0},
            keyword={"detective": 1.5, "murder": 0.8, "murder investigation": 1.5, "whodunit": 1.5},
        ),
        _likes(genre={"Horror": 1.5, "War": 1.0}, mood={"bleak": 1.0, "gritty": 0.6}),
        hours=(16, 17, 19, 20),
        platforms=("netflix", "hulu"),
        finishes=0.8,
    ),
    Persona(
        "horror weekend",
        _likes(
            genre={"Horror": 3.0, "Thriller": 1.0},
            mood={"eerie": 1.5, "dark": 1.0, "tense": 0.8},
            theme={"survival": 0.8, "the unknown": 0.8, "madness": 0.8},
            keyword={"haunted house": 1.0, "vampire": 0.8, "zombie": 0.8, "serial killer": 0.6, "ghost": 0.8},
        ),
        _likes(genre={"Family": 1.0, "Romance": 1.0}, mood={"heartwarming": 1.0}),
        hours=(22, 23, 0, 1),
        device="laptop",
        platforms=("max", "hulu"),
    ),
    Persona(
        "arthouse melancholic",
        _likes(
            genre={"Drama": 1.5, "Romance": 0.5},
            mood={"melancholic": 2.0, "thoughtful": 1.5, "dreamlike": 1.2, "bleak": 0.5},
            theme={"grief and loss": 1.0, "isolation": 1.0, "time and memory": 1.0, "identity": 0.8},
        ),
        _likes(genre={"Action": 1.5}, mood={"thrilling": 1.0}),
        hours=(21, 22, 23),
        device="laptop",
        platforms=("max",),
        finishes=0.75,
    ),
    Persona(
        "family evening",
        _likes(
            genre={"Family": 2.0, "Animation": 2.0, "Adventure": 1.0, "Comedy": 0.5},
            mood={"heartwarming": 1.5, "whimsical": 1.0, "playful": 1.0},
            theme={"family bonds": 1.2, "friendship": 1.0, "coming of age": 0.6},
        ),
        _likes(genre={"Horror": 2.5, "Crime": 1.5, "Thriller": 1.5}, mood={"dark": 1.5, "bleak": 1.5}),
        hours=(10, 15, 17, 18, 19),
        platforms=("disney-plus", "netflix"),
        finishes=0.8,
    ),
    Persona(
        "crime procedural",
        _likes(
            genre={"Crime": 2.5, "Thriller": 1.5, "Drama": 0.5},
            mood={"gritty": 1.5, "tense": 1.0, "dark": 0.5},
            theme={"crime and consequence": 1.5, "power and corruption": 1.0, "loyalty and betrayal": 0.6},
            keyword={"heist": 0.8, "mafia": 0.8, "police": 0.8, "undercover": 0.6, "drug trade": 0.6},
        ),
        _likes(genre={"Animation": 1.0, "Music": 1.0}),
        platforms=("netflix", "prime-video"),
    ),
    Persona(
        "rom-com",
        _likes(
            genre={"Romance": 2.5, "Comedy": 1.5},
            mood={"romantic": 1.5, "funny": 0.8, "heartwarming": 1.0, "uplifting": 0.8},
            theme={"first love": 1.0, "forbidden love": 0.6, "marriage and its strains": 0.5},
            keyword={"wedding": 0.8, "new york": 0.4, "dating": 0.6},
        ),
        _likes(genre={"Horror": 2.0, "War": 1.5}, mood={"gritty": 1.0}),
        device="tablet",
        platforms=("netflix", "peacock"),
    ),
    Persona(
        "war and history",
        _likes(
            genre={"War": 2.5, "History": 2.0, "Western": 1.0, "Drama": 0.5},
            mood={"epic": 1.0, "gritty": 0.5},
            theme={"war and its cost": 1.5, "sacrifice": 1.0, "politics": 0.8, "freedom": 0.6},
            era={"classic": 0.6},
        ),
        _likes(genre={"Animation": 1.0, "Fantasy": 1.0}),
        hours=(18, 19, 20, 21),
        platforms=("prime-video", "paramount-plus"),
        finishes=0.8,
    ),
    Persona(
        "documentary curious",
        _likes(
            genre={"Documentary": 3.5, "History": 1.0, "Music": 0.8},
            mood={"inspiring": 1.0, "thoughtful": 0.8},
            theme={"nature and the wild": 1.2, "politics": 0.6, "artistic ambition": 0.8, "exploration": 0.6},
        ),
        _likes(genre={"Fantasy": 1.0, "Horror": 1.0}),
        hours=(7, 12, 20, 21),
        device="tablet",
        platforms=("netflix", "apple-tv-plus"),
    ),
    Persona(
        "animation lover",
        _likes(
            genre={"Animation": 3.0, "Fantasy": 1.2, "Adventure": 0.6},
            mood={"dreamlike": 1.0, "whimsical": 1.0, "epic": 0.4},
            theme={"coming of age": 0.8, "myth and legend": 0.8, "found family": 0.6},
            keyword={"anime": 1.5, "magic": 0.6},
        ),
        _likes(genre={"Documentary": 0.8, "War": 0.5}),
        hours=(16, 21, 22, 23),
        device="phone",
        platforms=("netflix", "max"),
    ),
    Persona(
        "comedy binge",
        _likes(
            genre={"Comedy": 2.5},
            mood={"funny": 2.0, "satirical": 1.0, "playful": 0.8},
            theme={"friendship": 0.8, "community": 0.6},
            type={"tv": 1.2},
        ),
        _likes(genre={"War": 1.5, "Horror": 1.0}, mood={"bleak": 1.5}),
        hours=(18, 19, 22, 23),
        device="phone",
        platforms=("netflix", "peacock", "hulu"),
        finishes=0.5,
    ),
    Persona(
        "action adrenaline",
        _likes(
            genre={"Action": 2.5, "Thriller": 1.2, "Adventure": 0.8},
            mood={"thrilling": 1.5, "tense": 0.6},
            theme={"revenge": 1.0, "good versus evil": 0.8, "survival": 0.8},
            keyword={"superhero": 0.8, "spy": 0.8, "assassin": 0.8, "chase": 0.6},
            era={"modern": 0.4},
        ),
        _likes(genre={"Romance": 1.0, "Documentary": 0.8}, mood={"melancholic": 1.0}),
        platforms=("prime-video", "max"),
    ),
)
BY_NAME = {persona.name: persona for persona in PERSONAS}
