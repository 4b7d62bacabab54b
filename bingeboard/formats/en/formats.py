"""Dates as 3 Jun 2026, 17:05; the spaces within are not broken at the end of a line."""

DATE_FORMAT = "j\xa0M\xa0Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j\xa0M\xa0Y,\xa0H:i"
SHORT_DATE_FORMAT = DATE_FORMAT
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
