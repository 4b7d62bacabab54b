"""The small world with a known right answer, for what looks at the whole of it."""

from tests.recommendations.pipeline.conftest import media, world

__all__ = ["media", "world"]
