"""Everything on one machine: database, demo catalogue, pipeline, then web, worker and beat until Ctrl-C."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from rich.console import Console
from rich.panel import Panel

from bingeboard.commands import Command as BaseCommand
from bingeboard.embedded.home import Home, write_private
from bingeboard.embedded.processes import ServerError, is_free
from bingeboard.embedded.supervisor import Child, Supervisor
from bingeboard.errors import Invalid
from bingeboard.users.models import User
from bingeboard.users.services import issue_token

FIRST_PORT = 8000
READY_SECONDS = 60
VIEWERS = ("demo-ada", "demo-ben")
QUERY = """query {
  recommendations(first: 5) {
    edges { node { position score show { title releaseYear } reasons { text } } }
  }
}"""


class Command(BaseCommand):
    help = "Run everything on this machine with the demo catalogue: servers, pipeline, web, worker and beat."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, metavar="N", help=f"the web port (default: the first free from {FIRST_PORT})"
        )
        parser.add_argument("--viewers", type=int, metavar="N", help="how many made-up viewers to load")

    def handle(self, *args: Any, **options: Any) -> None:
        port = _port(options["port"])
        home = Home.default()
        started = time.monotonic()
        call_command("migrate", verbosity=0)
        self.say("database ready")
        if not apps.get_model("shows", "Show").objects.exists():
            chosen = {} if options["viewers"] is None else {"viewers": options["viewers"]}
            call_command("load_demo", stdout=self.stdout, stderr=self.stderr, **chosen)
        if not apps.get_model("recommendations", "RecommendationCandidate").objects.exists():
            call_command("rebuild", stdout=self.stdout, stderr=self.stderr)
        info = _accounts(home, port)
        supervisor = Supervisor(_children(port))
        info_file = home.path / "info.json"
        try:
            supervisor.start()
            _wait_until_ready(supervisor, info["url"])
            write_private(info_file, json.dumps(info, indent=2))
            self._greet(info, time.monotonic() - started)
            supervisor.run()
        except ServerError as error:
            raise Invalid(str(error)) from error
        except KeyboardInterrupt:
            self.say("stopping")
        finally:
            # Whoever is impatient and interrupts again must not leave half of it running.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            info_file.unlink(missing_ok=True)
            supervisor.stop()

    def _greet(self, info: dict[str, Any], seconds: float) -> None:
        viewer = info["tokens"]["viewers"][0]
        lines = [
            f"[bold]BingeBoard runs[/bold] (after {seconds:.0f} s; Ctrl-C ends it)",
            "",
            f"start page   {info['url']}/",
            f"GraphiQL     {info['graphqlUrl']}",
            f"admin        {info['url']}/admin/",
            *(f"  log in     {who['username']} / {who['password']}" for who in info["logins"].values()),
            "",
            f"In GraphiQL, put this under Headers, to be {viewer['username']}:",
            f'  {{"Authorization": "Bearer {viewer["token"]}"}}',
            "and ask:",
            *("  " + line for line in QUERY.splitlines()),
            "",
            f"All tokens stand in {Home.default().path / 'info.json'} while it runs.",
        ]
        console = Console(file=self.stdout, highlight=False, soft_wrap=True, width=max(100, Console().width))  # type: ignore[arg-type]
        console.print(Panel.fit("\n".join(_plain(line) for line in lines), border_style="cyan"))


def _plain(line: str) -> str:
    """Keep brackets of data from being read as markup."""
    return line if line.startswith("[bold]") else line.replace("[", "\\[")


def _port(asked: int | None) -> int:
    if asked is not None:
        if not 1 <= asked <= 65535:
            raise Invalid(f"--port is a number from 1 to 65535, got {asked}")
        if not is_free(asked):
            raise Invalid(f"port {asked} is taken; choose another with PORT=…")
        return asked
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if is_free(port):
            return port
    raise Invalid(f"no port from {FIRST_PORT} to {FIRST_PORT + 99} is free; choose one with PORT=…")


def _accounts(home: Home, port: int) -> dict[str, Any]:
    """Make sure of the demo's log-ins and hand out fresh tokens; returns what info.json holds."""
    now = timezone.now()
    logins = {}
    for username, staff, superuser in (("admin", True, True), ("curator", True, False)):
        user, _ = User.objects.get_or_create(username=username, defaults={"id": username})
        password = home.secret(f"login-{username}")
        if not user.check_password(password) or user.is_superuser != superuser or not user.is_staff:
            user.set_password(password)
            user.is_staff, user.is_superuser = staff, superuser
            user.save()
        logins[username] = {"username": username, "password": password}

    def token(user_id: str, *scopes: str) -> str:
        User.objects.get(pk=user_id).api_tokens.filter(name="demo").delete()
        return str(issue_token(user_id=user_id, scopes=list(scopes), name="demo", expires_at=None, now=now)[1])

    viewers = User.objects.filter(pk__in=VIEWERS).order_by("pk")
    if not viewers:
        viewers = User.objects.filter(is_staff=False, is_active=True).order_by("pk")[:2]
    url = f"http://127.0.0.1:{port}"
    return {
        "url": url,
        "graphqlUrl": f"{url}/graphql/",
        "databaseUrl": os.environ["DATABASE_URL"],
        "redisUrl": settings.REDIS_URL,
        "tokens": {
            "viewers": [{"id": v.pk, "username": v.username, "token": token(v.pk, "viewer")} for v in viewers],
            "curator": token("curator", "viewer", "curator"),
            "admin": token("admin", "viewer", "admin", "act_as"),
        },
        "logins": logins,
    }


def _children(port: int) -> list[Child]:
    python = sys.executable
    scripts = Path(python).parent
    granian = [
        str(scripts / "granian"),
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--blocking-threads",
        "4",
        "--no-ws",
        "--log-level",
        "warning",
        "bingeboard.wsgi:application",
    ]
    celery = [python, "-m", "celery", "-A", "bingeboard"]
    # One BLAS thread each: three processes share the machine's cores with the database.
    env = {"OPENBLAS_NUM_THREADS": "1"}
    return [
        Child("web", granian, env),
        Child("worker", [*celery, "worker", "--concurrency", "1", "--loglevel", "info", "--without-mingle"], env),
        Child("beat", [*celery, "beat", "--loglevel", "info", "--pidfile", ""], env),
    ]


def _wait_until_ready(supervisor: Supervisor, url: str) -> None:
    """Look after the children until the web process answers."""
    deadline = time.monotonic() + READY_SECONDS

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/health/ready/", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise ServerError(f"the web process did not answer at {url} within {READY_SECONDS} s") from None
            return False

    supervisor.run(until=ready)
