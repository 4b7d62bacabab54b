"""The engine's tables in the admin, a file a concern; importing this registers them all."""

from recommendations.admin import behavior, content, operations, schedules, serving, taste, titles, viewers

__all__ = ["behavior", "content", "operations", "schedules", "serving", "taste", "titles", "viewers"]
