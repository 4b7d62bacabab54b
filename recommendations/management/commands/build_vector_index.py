"""Build the vector index of content_embeddings anew."""

from typing import Any

from django.core.management.base import CommandParser

from bingeboard.commands import Command as BaseCommand
from bingeboard.commands import step
from bingeboard.errors import Invalid
from recommendations.pipeline import vector_index


class Command(BaseCommand):
    """Build the vector index; the old one serves until the new one is there."""

    help = (
        "Build the vector index of content_embeddings anew, under the same name. The old index serves readers until"
        " the new one is there; writes to the table wait. Run it after a big load."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--method", help="hnsw or ivfflat; left out: VECTOR_INDEX_METHOD of the settings")
        parser.add_argument(
            "--lists",
            default="auto",
            help="of ivfflat: a number, or auto: rows / 1000 up to a million rows, then their square root",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with self.progress() as progress, step(progress, "vector index", total=100) as advance:
            built = vector_index.build(method=options["method"], lists=_lists(options["lists"]), progress=advance)
        lists = f" with {built['lists']} lists" if built["lists"] else ""
        self.say(f"{built['method']}{lists} over {built['rows']} vectors")


def _lists(said: str) -> int | None:
    """Return the number of lists, None for auto."""
    if said == "auto":
        return None
    try:
        return int(said)
    except ValueError:
        raise Invalid(f"lists is a number or auto, got {said!r}", field="lists") from None
