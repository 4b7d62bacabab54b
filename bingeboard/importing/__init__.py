"""
How files come in, whatever they hold.

    Source  ->  a row function  ->  Staging (COPY)  ->  set-based SQL of the app it belongs to  ->  Summary
                     |                                      |
                     +--------------> Rejects <-------------+

A bad line is rejected alone and named; a bad file changes nothing. The file is read once, line by line, and
nothing grows with its length but the staging table. This package knows no table but `users`, whose rows every
import of what viewers did may have to make.
"""

from bingeboard.importing.files import check_target, written_whole
from bingeboard.importing.reading import CsvFormat, Format, JsonLines, Source
from bingeboard.importing.rejects import Rejects
from bingeboard.importing.staging import Staging, Summary, import_transaction
from bingeboard.importing.values import Rejected
from bingeboard.importing.viewers import create_missing_viewers, mark_taken_names

__all__ = [
    "CsvFormat",
    "Format",
    "JsonLines",
    "Rejected",
    "Rejects",
    "Source",
    "Staging",
    "Summary",
    "check_target",
    "create_missing_viewers",
    "import_transaction",
    "mark_taken_names",
    "written_whole",
]
