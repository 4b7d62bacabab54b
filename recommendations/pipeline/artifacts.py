"""
Fitted models as files with a version and a checksum, published all at once.

A model is a few arrays and one JSON document in Django's storage, and a row of model_artifacts that names them. It is
written whole before the row turns live, so a reader finds the old model or the new one and never a mix. Each process
loads a version once; arrays are mapped into memory where the storage is a local folder, so web and workers share them.
A live model that is missing or does not match its checksum is marked broken, and the last good one takes its place.
"""

import datetime as dt
import hashlib
import io
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from numpy.typing import NDArray

from bingeboard.errors import NotFound, Stale
from recommendations.models import ModelArtifact

logger = logging.getLogger(__name__)
# How many earlier versions stay on disk to fall back to.
KEPT_VERSIONS = 2
_loaded: dict[str, "LoadedModel"] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory: arrays by name (read-only, perhaps memory-mapped) and what is not an array."""

    kind: str
    version: str
    arrays: Mapping[str, NDArray[Any]]
    document: Mapping[str, Any]


class BrokenArtifactError(Exception):
    """A file of a model is missing, or is not what was written."""


def publish(
    *,
    kind: str,
    arrays: Mapping[str, NDArray[Any]],
    document: Mapping[str, Any],
    parameters: Mapping[str, Any],
    data_window: Mapping[str, Any],
    fit_report: Mapping[str, Any],
    now: dt.datetime,
) -> ModelArtifact:
    """
    Write a model's files and make it the live one; what was live before is retired, and kept for a while.

    The same content at the same second is the same version, and is not written twice.
    """
    contents = {name: _npy(array) for name, array in arrays.items()} | {"document": json.dumps(document).encode()}
    entries = {
        name: {"path": "", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in contents.items()
    }
    checksum = _checksum_of(entries)
    version = f"{now:%Y%m%dT%H%M%S}-{checksum[:8]}"
    known = ModelArtifact.objects.filter(kind=kind, version=version, state="live").first()
    if known is not None:
        return known
    for name, content in contents.items():
        ending = "json" if name == "document" else "npy"
        path = f"models/{kind}/{version}/{name}.{ending}"
        entries[name]["path"] = default_storage.save(path, ContentFile(content))
    with transaction.atomic():
        # One publisher at a time: the unique constraint allows a single live row.
        list(ModelArtifact.objects.select_for_update().filter(kind=kind, state="live").order_by("pk"))
        ModelArtifact.objects.filter(kind=kind, state="live").update(state="retired")
        artifact = ModelArtifact.objects.create(
            kind=kind,
            version=version,
            state="live",
            parameters=parameters,
            data_window=data_window,
            fit_report=fit_report,
            files=entries,
            checksum=checksum,
            created_at=now,
            promoted_at=now,
        )
    prune(kind=kind)
    return artifact


def live(*, kind: str) -> LoadedModel | None:
    """
    Return the live model of a kind, loaded once a version and process; None where there is none that holds.

    Costs one small query where the version is loaded already.
    """
    while True:
        # Every list asks; the statement costs half of what putting it together from the model's fields does.
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, version FROM model_artifacts WHERE kind = %s AND state = 'live'", [kind])
            row = cursor.fetchone()
        if row is None:
            return None
        key, version = row
        held = _loaded.get(kind)
        if held is not None and held.version == version:
            return held
        with _loading:
            held = _loaded.get(kind)
            if held is not None and held.version == version:
                return held
            try:
                _loaded[kind] = load(artifact=ModelArtifact.objects.get(pk=key))
                return _loaded[kind]
            except BrokenArtifactError as error:
                logger.error("model %s %s is broken: %s; falling back", kind, version, error)
                fall_back(broken_id=key)


def promote(*, artifact_id: int, now: dt.datetime) -> ModelArtifact:
    """
    Make an earlier version the live one; every process takes it up with its next read, without a restart.

    Its files are read and held against their checksums first. Promoting the live one changes nothing.

    Raises NotFound where there is no such version, Stale for one that is not whole, which is marked broken.
    """
    artifact = ModelArtifact.objects.filter(pk=artifact_id).first()
    if artifact is None:
        raise NotFound(f"there is no model version {artifact_id}; it may have made way for newer ones")
    try:
        load(artifact=artifact)
    except BrokenArtifactError as error:
        ModelArtifact.objects.filter(pk=artifact_id).exclude(state="live").update(state="broken")
        raise Stale(f"{artifact.kind} {artifact.version} is broken: {error}") from error
    with transaction.atomic():
        versions = ModelArtifact.objects.select_for_update().filter(kind=artifact.kind).order_by("pk")
        found = {row.pk: row for row in versions}.get(artifact_id)
        if found is None or found.state == "broken":
            raise Stale(f"{artifact.kind} {artifact.version} went away meanwhile; look at the list again")
        if found.state != "live":
            ModelArtifact.objects.filter(kind=artifact.kind, state="live").update(state="retired")
            found.state, found.promoted_at = "live", now
            found.save(update_fields=["state", "promoted_at"])
        return found


def fall_back(*, broken_id: int) -> ModelArtifact | None:
    """Mark a model broken and promote the newest good one in its place; returns that one, or None."""
    with transaction.atomic():
        broken = ModelArtifact.objects.select_for_update().get(pk=broken_id)
        if broken.state == "broken":
            return None
        broken.state = "broken"
        broken.save(update_fields=["state"])
        spare = (
            ModelArtifact.objects.select_for_update()
            .filter(kind=broken.kind, state__in=["retired", "ready"])
            .order_by("-created_at", "-pk")
            .first()
        )
        if spare is not None:
            spare.state = "live"
            spare.save(update_fields=["state"])
        return spare


def load(*, artifact: ModelArtifact) -> LoadedModel:
    """
    Read a model's files and hold each against its checksum.

    Raises BrokenArtifactError where one is missing, short or changed.
    """
    arrays: dict[str, NDArray[Any]] = {}
    document: dict[str, Any] = {}
    for name, entry in artifact.files.items():
        if name == "document":
            document = json.loads(_read(entry))
        else:
            arrays[name] = _array(entry)
    return LoadedModel(artifact.kind, artifact.version, arrays, document)


def prune(*, kind: str) -> int:
    """Delete the files and rows of versions beyond the last few; returns how many went."""
    old = list(ModelArtifact.objects.filter(kind=kind).exclude(state="live").order_by("-created_at", "-pk"))
    for artifact in old[KEPT_VERSIONS:]:
        for entry in artifact.files.values():
            default_storage.delete(entry["path"])
        artifact.delete()
    return len(old[KEPT_VERSIONS:])


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _checksum_of(files: Mapping[str, Mapping[str, Any]]) -> str:
    together = "".join(f"{name}:{entry['sha256']}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(together.encode()).hexdigest()


def _read(entry: Mapping[str, Any]) -> bytes:
    try:
        with default_storage.open(entry["path"], "rb") as file:
            content = file.read()
    except OSError as error:
        raise BrokenArtifactError(f"{entry['path']}: {type(error).__name__}") from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BrokenArtifactError(f"{entry['path']} does not match its checksum")
    return content


def _array(entry: Mapping[str, Any]) -> NDArray[Any]:
    try:
        path = Path(default_storage.path(entry["path"]))
    except NotImplementedError:
        return np.load(io.BytesIO(_read(entry)), allow_pickle=False)
    try:
        with path.open("rb") as raw:
            found = hashlib.file_digest(raw, "sha256").hexdigest()
    except OSError as error:
        raise BrokenArtifactError(f"{entry['path']}: {type(error).__name__}") from error
    if found != entry["sha256"]:
        raise BrokenArtifactError(f"{entry['path']} does not match its checksum")
    return np.load(path, mmap_mode="r", allow_pickle=False)


def forget_loaded() -> None:
    """Drop what this process holds; the next reader loads afresh."""
    _loaded.clear()
