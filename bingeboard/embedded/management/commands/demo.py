"""Everything on one machine: database, demo catalogue, pipeline, then web, sockets, worker and beat until Ctrl-C."""

import os
import signal
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import Q
from django.utils import timezone
from rich.console import Console
from rich.panel import Panel

from bingeboard.commands import Command as BaseCommand
from bingeboard.embedded import servers
from bingeboard.embedded.home import Home
from bingeboard.embedded.processes import ServerError, is_free, undisturbed
from bingeboard.embedded.programs import programs
from bingeboard.embedded.supervisor import Supervisor
from bingeboard.errors import Invalid
from bingeboard.users.models import User
from bingeboard.users.services import issue_token

if TYPE_CHECKING:
    from django.db.models import QuerySet

FIRST_PORT = 8000
READY_SECONDS = 60
OUR_APPS = ("users", "shows", "social", "experiments", "recommendations", "django_celery_beat")
VIEWERS = ("demo-ada", "demo-ben", "demo-cleo")
QUERY = """query {
  recommendations(first: 5) {
    edges { node { position score show { title releaseYear } reasons { text } } }
  }
}"""


class Command(BaseCommand):
    help = "Run everything on this machine with the demo catalogue: servers, pipeline, web, sockets, worker and beat."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, metavar="N", help=f"the web port (default: the first free from {FIRST_PORT})"
        )
        parser.add_argument("--viewers", type=int, metavar="N", help="how many made-up viewers to load")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        port = _port(options["port"])
        home = Home.default()
        home.prepare()
        running = home.try_lock("demo.lock")
        if running is None:
            raise Invalid(f"a demo of {home.path} runs already at {home.read('info.json').get('url', 'its start')}")
        # A shell that starts us in the background has Ctrl-C ignored; whoever sends it nevertheless means it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with running:
            # One that was killed could not take it away.
            home.remove("info.json")
            try:
                self._prepare(options["viewers"])
                # Loading took its time; the port may have gone.
                self._run(home, port if is_free(port) else _port(options["port"]), started)
            except KeyboardInterrupt:
                self.say("stopping")

    def _prepare(self, n_viewers: int | None) -> None:
        """Migrate; load titles where there are none, and run the pipeline where nothing stands ready."""
        call_command("migrate", verbosity=0)
        self.say("database ready")
        if not apps.get_model("shows", "Show").objects.exists():
            chosen = {} if n_viewers is None else {"viewers": n_viewers}
            call_command("load_demo", stdout=self.stdout, stderr=self.stderr, **chosen)
        if not apps.get_model("recommendations", "RecommendationCandidate").objects.exists():
            self._rebuild()
            with connection.cursor() as cursor:
                # A killed server would otherwise go through all of that again before it answers.
                cursor.execute("CHECKPOINT")

    def _rebuild(self) -> None:
        """Run the pipeline; of the lists only those that are looked at first, the worker makes the rest."""
        output = {"stdout": self.stdout, "stderr": self.stderr}
        viewers = list(User.objects.filter(pk__in=VIEWERS).values_list("pk", flat=True))
        if not viewers:
            call_command("rebuild", **output)
            return
        call_command("rebuild", last="blend", **output)
        call_command("rebuild", only="candidates", users=viewers, **output)
        rest = User.objects.filter(is_active=True).exclude(pk__in=viewers).count()
        self.say(f"the worker makes the candidates of {rest} more viewers in the background")

    def _run(self, home: Home, port: int, started: float) -> None:
        """Run web, worker and beat until somebody interrupts, and leave nothing of them."""
        socket_port = _free_from(port + 1)
        info = _accounts(home, port) | {"socketUrl": f"ws://127.0.0.1:{socket_port}/graphql/"}
        connections.close_all()
        children = programs(port=port, socket_port=socket_port, secret_key=settings.SECRET_KEY, demo_page=True)
        supervisor = Supervisor(children)

        def tend() -> None:
            for name in servers.revive():
                self.stderr.write(f"{name} had died and was started again at its old address")

        try:
            supervisor.start()
            supervisor.run(until=_readiness(info["url"]), tend=tend)
            home.write("info.json", info)
            self._greet(info, time.monotonic() - started)
            supervisor.run(tend=tend)
        except ServerError as error:
            raise Invalid(str(error)) from error
        finally:
            with undisturbed():
                home.remove("info.json")
                supervisor.stop()

    def _greet(self, info: dict[str, Any], seconds: float) -> None:
        viewer = info["tokens"]["viewers"][0]
        lines = [
            f"[bold]BingeBoard runs[/bold] (after {seconds:.0f} s; Ctrl-C ends it)",
            "",
            f"start page   {info['url']}/",
            f"demo page    {info['url']}/demo/",
            f"GraphiQL     {info['graphqlUrl']}",
            f"sockets      {info['socketUrl']} (subscriptions, graphql-transport-ws)",
            f"admin        {info['url']}/admin/",
            *(f"  log in     {who['username']} / {who['password']}" for who in info["logins"].values()),
            f"sign in      POST {info['url']}/_allauth/app/v1/auth/login (the start page says how), as",
            *(f"             {who['username']} / {who['password']}" for who in info["viewerLogins"].values()),
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
    return _free_from(FIRST_PORT)


def _free_from(first: int) -> int:
    for port in range(first, min(first + 100, 65536)):
        if is_free(port):
            return port
    raise Invalid(f"no port from {first} to {first + 99} is free; choose one with PORT=…")


def _accounts(home: Home, port: int) -> dict[str, Any]:
    """Make sure of the demo's log-ins and hand out fresh tokens; returns what info.json holds."""
    admin = _login(home, "admin", superuser=True)
    curator = _login(home, "curator", superuser=False)
    curator.user_permissions.set(_curators_permissions())
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
            "viewers": [{"id": v.pk, "username": v.username, "token": _token(v, "viewer")} for v in viewers],
            "curator": _token(curator, "viewer", "curator"),
            "admin": _token(admin, "viewer", "curator", "admin", "act_as"),
        },
        "logins": {
            user.username: {"username": user.username, "password": home.secret(f"login-{user.username}")}
            for user in (admin, curator)
        },
        # One is enough: a password takes a third of a second to hash.
        "viewerLogins": {v.username: {"username": v.username, "password": _password(home, v)} for v in viewers[:1]},
    }


def _login(home: Home, username: str, *, superuser: bool) -> User:
    """Return a member of staff whose password is the one this home keeps."""
    user, _ = User.objects.get_or_create(username=username, defaults={"id": username})
    password = home.secret(f"login-{username}")
    if not (user.is_active and user.is_staff and user.is_superuser == superuser and user.check_password(password)):
        user.is_active, user.is_staff, user.is_superuser = True, True, superuser
        user.set_password(password)
        user.save()
    return user


def _password(home: Home, viewer: User) -> str:
    """Return the password by which a made-up viewer signs in as people do; the one that this home keeps."""
    password = home.secret(f"login-{viewer.pk}")
    if not viewer.check_password(password):
        viewer.set_password(password)
        viewer.save(update_fields=["password"])
    return password


def _curators_permissions() -> "QuerySet[Permission]":
    """Return what a curator may: look at everything of ours, and change titles, features, experiments and schedules."""
    ours = Permission.objects.filter(content_type__app_label__in=OUR_APPS)
    changed = Q(content_type__app_label__in=("shows", "experiments", "django_celery_beat"))
    return ours.filter(Q(codename__startswith="view_") | changed | Q(content_type__model="contentfeature"))


def _token(user: User, *scopes: str) -> str:
    """Issue a token for the demo, in place of the one of its last run."""
    user.api_tokens.filter(name="demo").delete()
    return issue_token(user_id=user.pk, scopes=scopes, name="demo", expires_at=None, now=timezone.now())[1]


def _readiness(url: str) -> Callable[[], bool]:
    """Return a function that says whether the web process serves requests; it gives up with ServerError."""
    deadline = time.monotonic() + READY_SECONDS
    # Without the proxy that the environment may name: this never leaves the machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ready() -> bool:
        try:
            with opener.open(f"{url}/health/ready/", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            if time.monotonic() > deadline:
                raise ServerError(f"the web process did not answer at {url} within {READY_SECONDS} s") from None
            return False

    return ready
