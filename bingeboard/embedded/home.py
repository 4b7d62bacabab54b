"""
The folder where one installation keeps its embedded servers, secrets and artefacts, and who may use them when.

    .demo/
      home.json       marks the folder as ours; says where data lie that can not lie here
      secrets.json    passwords and keys, made once (mode 600)
      servers.json    the running servers' processes and addresses (mode 600); believed only after a real connection
      start.lock      held while somebody decides whether to start or to join
      users.lock      held, shared, by everybody who uses the servers

Several homes run side by side: ports are chosen free. The servers end with the process that started them, so that one
waits at its end until nobody else holds users.lock; a process that joined and sees the starter killed loses the servers
like any client loses a server, and the next start recovers what was committed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bingeboard.embedded import postgres, valkey
from bingeboard.embedded.processes import ServerError, reachable, server_account

MARK = "home.json"


@dataclass(frozen=True)
class Servers:
    """Addresses of the servers in use, and whether this process started any of them."""

    database_url: str
    redis_url: str
    started_here: bool


class Home:
    """One home folder; made with its marks and secrets at first use."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @classmethod
    def default(cls) -> "Home":
        """Return the home that BINGEBOARD_HOME names, else .demo beside manage.py."""
        root = Path(__file__).resolve().parent.parent.parent
        return cls(Path(os.environ.get("BINGEBOARD_HOME") or root / ".demo"))

    @property
    def is_ours(self) -> bool:
        """Return whether the folder carries our mark."""
        return (self.path / MARK).exists()

    def prepare(self) -> None:
        """Make the folder and its mark; ServerError where it can not be, or is somebody else's."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self.is_ours:
                if any(entry.name not in ("media", "static") for entry in self.path.iterdir()):
                    raise ServerError(f"BINGEBOARD_HOME is {self.path}, which holds other files; name an empty folder")
                self._write(MARK, {"what": "a BingeBoard home: embedded servers and their data"})
        except OSError as error:
            raise ServerError(f"the home {self.path} can not be used: {error.strerror}; set BINGEBOARD_HOME") from error

    def secret(self, name: str) -> str:
        """Return a secret of this home, made at random when first asked for."""
        kept = self.read("secrets.json")
        if name not in kept:
            kept[name] = secrets.token_urlsafe(24)
            self._write("secrets.json", kept)
        return str(kept[name])

    def read(self, name: str) -> dict[str, Any]:
        """Return one of the home's JSON files, {} where it is not there or not whole."""
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        write_private(self.path / name, json.dumps(content, indent=2))

    def data_folder(self) -> Path:
        """
        Return where PostgreSQL keeps its data: in the home, or where the account that runs it can reach.

        No folder's permissions are loosened for it; what lies outside is noted, so that `reset` removes it too.
        """
        account = server_account()
        if reachable(self.path, account):
            folder = self.path / "postgres"
        else:
            name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
            folder = Path("/var/tmp") / f"bingeboard-{name}"  # noqa: S108 - named by a hash, owned by us, mode 711
            self._write(MARK, self.read(MARK) | {"outside": str(folder)})
        folder.mkdir(exist_ok=True, mode=0o711)
        status = folder.lstat()
        if status.st_uid != os.geteuid() or not folder.is_dir() or folder.is_symlink():
            raise ServerError(f"{folder} is not ours; remove it, or set BINGEBOARD_HOME to another folder")
        folder.chmod(0o711)
        return folder

    @contextlib.contextmanager
    def locked(self, name: str, *, shared: bool = False, wait: bool = True) -> Iterator[IO[str]]:
        """Hold one of the home's locks; BlockingIOError where it is held and we do not wait."""
        with (self.path / name).open("a+") as file:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
            yield file

    def running(self) -> dict[str, Any]:
        """Return the addresses of this home's servers that really answer."""
        noted = self.read("servers.json")
        found = {}
        if noted.get("database_url") and postgres.answers(noted["database_url"]):
            found["database_url"] = noted["database_url"]
        if noted.get("redis_url") and valkey.answers(noted["redis_url"]):
            found["redis_url"] = noted["redis_url"]
        return found

    def delete(self) -> None:
        """Delete the home and what it keeps elsewhere; the caller has made sure that nobody uses it."""
        outside = self.read(MARK).get("outside")
        if outside:
            shutil.rmtree(outside, ignore_errors=True)
        shutil.rmtree(self.path)


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


@contextlib.contextmanager
def ensure_servers(home: Home, *, durable: bool = True, quiet: bool = False) -> Iterator[Servers]:
    """
    Have the servers of a home running for the length of the block: join them, or start them and end them afterwards.

    A server whose address stands in the environment (DATABASE_URL, REDIS_URL) is not ours to start.
    """
    given = {"database_url": os.environ.get("DATABASE_URL"), "redis_url": os.environ.get("REDIS_URL")}
    if given["database_url"] and given["redis_url"]:
        yield Servers(given["database_url"], given["redis_url"], started_here=False)
        return
    home.prepare()
    with contextlib.ExitStack() as stack:
        with home.locked("start.lock"):
            running = home.running()
            started: list[postgres.Postgres | valkey.Valkey] = []
            try:
                urls = {name: given[name] or running.get(name) for name in given}
                if not urls["database_url"]:
                    database = _start_postgres(home, durable)
                    started.append(database)
                    urls["database_url"] = database.url
                if not urls["redis_url"]:
                    broker = valkey.start(folder=home.path / "valkey", password=home.secret("valkey"))
                    started.append(broker)
                    urls["redis_url"] = broker.url
            except BaseException:
                for server in reversed(started):
                    server.stop()
                raise
            if started:
                own = {name: url for name, url in urls.items() if not given[name]}
                write_private(home.path / "servers.json", json.dumps(own | {"pid": os.getpid()}))
            in_use = stack.enter_context(home.locked("users.lock", shared=True))
        try:
            yield Servers(str(urls["database_url"]), str(urls["redis_url"]), started_here=bool(started))
        finally:
            if started:
                _end(home, started, in_use, quiet)


def _start_postgres(home: Home, durable: bool) -> postgres.Postgres:
    folder = home.data_folder()
    account = server_account()
    data = folder / "data"
    return postgres.start(
        data=data,
        spare=folder,
        password=home.secret("postgres"),
        account=account,
        durable=durable,
        log=home.path / "postgres.log",
    )


def _end(home: Home, started: list[Any], in_use: IO[str], quiet: bool) -> None:
    """Stop what we started, once nobody else uses it; a second Ctrl-C stops it at once."""
    fcntl.flock(in_use, fcntl.LOCK_UN)
    try:
        with home.locked("start.lock"):
            try:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not quiet:
                    sys.stderr.write("waiting for other commands that use these servers (Ctrl-C to stop anyway)\n")
                fcntl.flock(in_use, fcntl.LOCK_EX)
            (home.path / "servers.json").unlink(missing_ok=True)
    finally:
        for server in reversed(started):
            server.stop()
