"""Say what is wrong with this environment, and what to do about it; each check stands alone."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from bingeboard import secrecy
from bingeboard.commands import Command as BaseCommand
from bingeboard.embedded import postgres, valkey
from bingeboard.embedded.home import Home
from bingeboard.embedded.processes import ServerError, is_free

OK, WARN, FAIL = "ok", "warn", "FAIL"
FIRST_PORT = 8000
MIN_DISK_GB = 1.0
MIN_MEMORY_GB = 1.5
WORKER_PATIENCE = 1.0


@dataclass(frozen=True)
class Finding:
    """What one check found: how bad it is, a sentence, and what to do."""

    state: str
    said: str
    advice: str = ""


class Command(BaseCommand):
    help = "Check Python, dependencies, servers, schema, data and worker, and say what to do about what is wrong."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--strict", action="store_true", help="warnings fail, too")

    def handle(self, *args: Any, **options: Any) -> None:
        worst = OK
        for name, check in CHECKS:
            for finding in _run(check):
                self.say(f"{finding.state:<4}  {name:<12}  {finding.said}")
                if finding.advice:
                    self.say(f"{'':<20}-> {finding.advice}")
                worst = max(worst, finding.state, key=(OK, WARN, FAIL).index)
        if worst == FAIL or (options["strict"] and worst == WARN):
            # Not bad input, which ends with 2: the environment is at fault.
            sys.exit("something is wrong; see above")


def _run(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield what a check finds; one that falls over is a finding itself."""
    try:
        yield from check()
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        yield Finding(FAIL, f"could not be checked: {first}")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding(
        OK if fits else FAIL, f"Python {version}", "" if fits else "use Python 3.11, 3.12 or 3.13: make setup"
    )


def _dependencies() -> Iterator[Finding]:
    lock = Path(settings.BASE_DIR) / "requirements.lock"
    wrong = []
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+?)(?: ;(.*?))? \\$", lock.read_text(), re.M)
    for name, version, marker in pinned:
        if marker:
            # Written for another Python or system, perhaps: what is installed then differs rightly.
            continue
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "nothing"
        if found != version:
            wrong.append(f"{name} is {found}, not {version}")
    if wrong:
        yield Finding(WARN, f"{len(wrong)} differ from requirements.lock: {'; '.join(wrong[:3])}", "run `make setup`")
    else:
        yield Finding(OK, f"{len(pinned)} packages as locked")


def _machine() -> Iterator[Finding]:
    home = Home.default().path
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free / 1e9
    advice = "" if free >= MIN_DISK_GB else f"free some, or set BINGEBOARD_HOME; {MIN_DISK_GB:.0f} GB is comfortable"
    yield Finding(WARN if advice else OK, f"{free:.1f} GB free at {folder}", advice)
    info = Path("/proc/meminfo")
    if info.exists():
        found = re.search(r"MemAvailable:\s+(\d+)", info.read_text())
        if found:
            memory = int(found[1]) / 1e6
            low = memory < MIN_MEMORY_GB
            yield Finding(WARN if low else OK, f"{memory:.1f} GB of memory available", "close something" if low else "")


def _home() -> Iterator[Finding]:
    home = Home.default()
    if os.environ.get("BINGEBOARD_SERVER_ERROR"):
        yield Finding(FAIL, f"the embedded servers did not start: {os.environ['BINGEBOARD_SERVER_ERROR']}")
    if home.holds_others() and not home.is_ours:
        yield Finding(WARN, f"{home.path} is no home of ours", "name an empty folder in BINGEBOARD_HOME")
    secret = home.path / "secrets.json"
    if home.path.exists() and not os.access(home.path, os.W_OK):
        yield Finding(FAIL, f"{home.path} can not be written to", "run as its owner, or set BINGEBOARD_HOME")
    if secret.exists() and secret.stat().st_mode & 0o077:
        yield Finding(FAIL, f"{secret} can be read by others", f"chmod 600 {secret}")
    yield Finding(OK, f"{home.path}")


def _binaries() -> Iterator[Finding]:
    """The embedded servers' programs: a system that lacks one of their libraries shows it here."""
    given = all(os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL"))
    for name, find in (("PostgreSQL", _postgres_program), ("Valkey", valkey.find_binary)):
        try:
            program = find()
            asked = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True)
        except (ServerError, OSError, subprocess.SubprocessError) as error:
            yield Finding(WARN if given else FAIL, f"embedded {name}: {error}", "make setup, or name a real server")
        else:
            yield Finding(OK, f"embedded {name}: {asked.stdout.strip()}")


def _postgres_program() -> Path:
    return postgres.find_binaries() / "postgres"


def _ports() -> Iterator[Finding]:
    home = Home.default()
    lock = home.try_lock("demo.lock") if home.is_ours else None
    if home.is_ours and lock is None:
        yield Finding(OK, f"a demo runs at {home.read('info.json').get('url', 'its start')}")
        return
    if lock is not None:
        lock.close()
    if is_free(FIRST_PORT):
        yield Finding(OK, f"port {FIRST_PORT} is free")
    else:
        yield Finding(WARN, f"port {FIRST_PORT} is taken", "make demo takes the next free one, or the one in PORT=…")


def _database() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
        yield Finding(OK, f"PostgreSQL {version} answers")
        for extension in ("vector", "pg_trgm"):
            cursor.execute("SELECT default_version FROM pg_available_extensions WHERE name = %s", [extension])
            found = cursor.fetchone()
            advice = (
                "" if found else f"install {extension} for this server, or unset DATABASE_URL to use the embedded one"
            )
            yield Finding(OK if found else FAIL, f"extension {extension} {found[0] if found else 'is missing'}", advice)


def _schema() -> Iterator[Finding]:
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.state import ProjectState

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding(FAIL, f"{len(waiting)} migrations are not applied", "python manage.py migrate")
    else:
        yield Finding(OK, "all migrations applied")
    changes = MigrationAutodetector(executor.loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=executor.loader.graph
    )
    if changes:
        yield Finding(WARN, f"models of {', '.join(changes)} differ from their migrations", "manage.py makemigrations")


def _broker() -> Iterator[Finding]:
    import redis

    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()
    yield Finding(OK, "the broker answers")


def _data() -> Iterator[Finding]:
    from django.apps import apps

    def count(name: str) -> int:
        return int(apps.get_model(name)._default_manager.count())

    shows = count("shows.Show")
    yield Finding(
        OK if shows else WARN, f"{shows} titles", "" if shows else "manage.py import_shows FILE, or load_demo"
    )
    for label, model in (
        ("vectors", "recommendations.ContentEmbedding"),
        ("candidates", "recommendations.RecommendationCandidate"),
    ):
        found = count(model)
        missing = shows > 0 and found == 0
        yield Finding(WARN if missing else OK, f"{found} {label}", "manage.py rebuild" if missing else "")
    live = apps.get_model("recommendations.ModelArtifact").objects.filter(state="live").first()
    age = None if live is None else timezone.now() - live.created_at
    old = shows > 0 and (age is None or age > timedelta(days=2))
    said = "no live model" if age is None else f"the live model is {age.total_seconds() / 3600:.0f} h old"
    yield Finding(WARN if old else OK, said, "manage.py rebuild" if old else "")


def _worker() -> Iterator[Finding]:
    from bingeboard.celery import app

    answers = app.control.inspect(timeout=WORKER_PATIENCE).ping() or {}
    advice = "" if answers else "celery -A bingeboard worker (make demo runs one)"
    yield Finding(OK if answers else WARN, f"{len(answers)} Celery workers answer", advice)


def _security() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding(WARN, "BINGEBOARD_DEBUG is on", "never on a server that others can reach")
    key = os.environ.get("BINGEBOARD_SECRET_KEY", "")
    # Without DEBUG nothing starts with a weak one; this is for those who debug.
    weakness = secrecy.weakness_of_key(key)
    if not key:
        yield Finding(WARN, "BINGEBOARD_SECRET_KEY is not set", "log-ins end with each restart; set a long random one")
    elif weakness:
        yield Finding(WARN, f"BINGEBOARD_SECRET_KEY {weakness}", "set a long random one")
    else:
        yield Finding(OK, "a secret key is set")
    for name in ("DATABASE_URL", "REDIS_URL"):
        weakness = secrecy.weakness_of_address(os.environ.get(name, ""))
        if weakness:
            yield Finding(WARN, f"{name} {weakness}", "set another, there and here; in production nothing starts so")
    if "*" in settings.ALLOWED_HOSTS:
        yield Finding(WARN, "BINGEBOARD_ALLOWED_HOSTS lets any name in", "name those under which you are reached")
    if settings.PRODUCTION and not settings.SESSION_COOKIE_SECURE:
        yield Finding(WARN, "cookies go over plain HTTP, too", "set BINGEBOARD_HTTPS=1 behind TLS")
    if settings.PRODUCTION and settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "locmem.EmailBackend")):
        yield Finding(WARN, "mails are printed, not sent", "set EMAIL_URL, or nobody can sign up or reset a password")


CHECKS: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
    ("python", _python),
    ("packages", _dependencies),
    ("machine", _machine),
    ("home", _home),
    ("binaries", _binaries),
    ("ports", _ports),
    ("database", _database),
    ("schema", _schema),
    ("broker", _broker),
    ("data", _data),
    ("worker", _worker),
    ("security", _security),
)
