"""
Trusted documents, for closed clients: where a manifest is named, only what stands in it runs.

A manifest is one JSON object, sha256 of a document (hex) -> the document, as client builders write it; a folder of
.graphql files will do as well. A client sends the hash, as documentId or as extensions.persistedQuery.sha256Hash, or
the whole text. What then runs is the manifest's text. Lines that are comments do not count: every document is known by
the hash of its text as it is, and by that of its text without them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from graphql import GraphQLError, parse

from bingeboard.errors import Invalid, NotAllowed

PREFIX = "sha256:"


def document_of(body: Mapping[str, Any]) -> str | None:
    """
    Return the document that a request's body asks to be run; None where it names none.

    Raises Invalid where the hash is none, NotAllowed where only trusted documents run and this is none.
    """
    query: str | None = body.get("query")
    if not settings.TRUSTED_DOCUMENTS:
        if not query and _digest(body) is not None:
            raise Invalid("no documents are kept here: send the query itself")
        return query
    digest = _digest(body)
    if digest is None and not query:
        return None
    try:
        trusted = trusted_documents(settings.TRUSTED_DOCUMENTS)
    except Invalid as error:
        # The house's mistake, not the client's.
        raise ImproperlyConfigured(f"BINGEBOARD_TRUSTED_DOCUMENTS: {error.message}") from error
    candidates = [digest] if digest is not None else [digest_of(query or ""), digest_of(without_comments(query or ""))]
    for known in candidates:
        if known in trusted:
            return trusted[known]
    raise NotAllowed("only trusted documents run here, and this is none of them")


def _digest(body: Mapping[str, Any]) -> str | None:
    persisted = (body.get("extensions") or {}).get("persistedQuery")
    named = body.get("documentId")
    if named is None and persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Invalid('extensions.persistedQuery must be {"version": 1, "sha256Hash": "..."}', field="extensions")
        named = persisted.get("sha256Hash")
    elif named is None:
        return None
    digest = named.removeprefix(PREFIX).lower() if isinstance(named, str) else ""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Invalid("a document is named by the sha256 of its text, 64 hexadecimal digits", field="documentId")
    return digest


def digest_of(text: str) -> str:
    """Return a document's hash."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def without_comments(text: str) -> str:
    """Return a document without the lines that are comments, and without blanks around it."""
    return re.sub(r"^[ \t]*#.*\n?", "", text, flags=re.MULTILINE).strip()


@lru_cache(maxsize=4)
def trusted_documents(place: str) -> Mapping[str, str]:
    """
    Return the documents at a place, a manifest or a folder, by hash; read once.

    Raises Invalid naming what is wrong with the place or a document of it.
    """
    path = Path(place)
    if path.is_dir():
        return manifest_of(path)
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{place} is no manifest that can be read: {error}") from None
    if not isinstance(read, dict) or not all(isinstance(text, str) for text in read.values()):
        raise Invalid(f"{place} is no manifest: one JSON object is needed, sha256 -> document")
    for digest, text in read.items():
        _refuse_unreadable(text, f"{place}: {digest[:80]}")
        if digest != digest_of(text):
            raise Invalid(f"{place}: {digest[:80]} is not the sha256 of its document")
    return {digest_of(variant): variant for text in read.values() for variant in _variants(text)}


def manifest_of(folder: Path) -> dict[str, str]:
    """Return the manifest of a folder's .graphql files; Invalid naming a file that is no document."""
    paths = sorted(folder.glob("*.graphql"))
    if not paths:
        raise Invalid(f"there are no .graphql files in {folder}")
    texts = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        _refuse_unreadable(text, str(path))
        texts.append(text)
    return {digest_of(variant): variant for text in texts for variant in _variants(text)}


def _variants(text: str) -> Iterable[str]:
    return dict.fromkeys((text, without_comments(text)))


def _refuse_unreadable(text: str, where: str) -> None:
    try:
        parse(text)
        parse(without_comments(text))
    except GraphQLError as error:
        raise Invalid(f"{where} is no GraphQL document: {error.message}") from None
