"""Write the manifest of trusted documents from a folder of .graphql files."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import bingeboard
from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from bingeboard.graphql.trusted import manifest_of

FOLDER = Path(bingeboard.__file__).resolve().parent / "operations"


class Command(BaseCommand):
    help = "Write the manifest (sha256 -> document) of a folder's .graphql files, for BINGEBOARD_TRUSTED_DOCUMENTS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="default: the ready-made operations")
        parser.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: print it)")

    def handle(self, *args: Any, **options: Any) -> None:
        folder, out = options["folder"], options["out"]
        if not folder.is_dir():
            raise Invalid(f"{folder} is no folder", field="folder")
        text = json.dumps(manifest_of(folder), indent=2)
        if out is None:
            self.stdout.write(text)
            return
        try:
            out.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise Invalid(f"{out} can not be written: {error.strerror}", field="out") from None
        self.stdout.write(f"{out}: {len(list(folder.glob('*.graphql')))} documents")
