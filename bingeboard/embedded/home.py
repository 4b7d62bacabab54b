"""
The folder where one installation keeps its embedded servers, secrets and artefacts.

    .demo/
      home.json       marks the folder as ours; says where data lie that can not lie here
      secrets.json    passwords and keys, made once (mode 600)
      servers.json    the running servers' addresses (mode 600); believed only while their owner lives and they answer
      info.json       what a running demo tells about itself (mode 600)
      start.lock      held while somebody decides whether to start or to join, and while servers are ended
      users.lock      held, shared, by everybody who uses the servers
      postgres.lock, valkey.lock, demo.lock      held by the process that runs it, as long as it lives

Several homes run side by side: ports are chosen free. Who starts and ends the servers is decided in servers.py.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from bingeboard.embedded.leftovers import end_leftovers
from bingeboard.embedded.processes import ServerError, reachable, server_account

MARK = "home.json"
# What may lie in the folder before it is a home: stored by settings that were read without any server.
NOT_OURS_TO_MIND = frozenset({"media", "static"})
# Nobody is told about a wait shorter than this, in seconds.
PATIENCE = 1.5


class Home:
    """One home folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @classmethod
    def default(cls) -> "Home":
        """Return the home that BINGEBOARD_HOME names, else .demo beside manage.py."""
        return cls(Path(os.environ.get("BINGEBOARD_HOME") or cls.beside_manage()))

    @staticmethod
    def beside_manage() -> Path:
        """Return where a home is without BINGEBOARD_HOME."""
        return Path(__file__).resolve().parent.parent.parent / ".demo"

    @property
    def is_ours(self) -> bool:
        """Return whether the folder carries our mark."""
        return (self.path / MARK).exists()

    def prepare(self) -> None:
        """Make the folder and its mark; ServerError where it can not be, or is somebody else's."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if self.is_ours:
                self._refuse_other_owner()
            elif self.holds_others() and not self.is_ours:
                raise ServerError(f"the home {self.path} holds other files; name an empty folder in BINGEBOARD_HOME")
            else:
                self.write(MARK, {"what": "a BingeBoard home: embedded servers and their data"})
        except OSError as error:
            raise ServerError(f"the home {self.path} can not be used: {error.strerror}; set BINGEBOARD_HOME") from error

    def holds_others(self) -> bool:
        """Return whether other things lie in the folder, past what another process of ours prepares just now."""
        if not self.path.exists():
            return False
        names = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(f".{MARK}")}
        return bool(names - NOT_OURS_TO_MIND)

    def _refuse_other_owner(self) -> None:
        """Two users in one home would lock each other out of their own files, even where one is root."""
        owner = (self.path / MARK).stat().st_uid
        if owner == os.geteuid():
            return
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        raise ServerError(f"the home {self.path} belongs to {name}; run this as {name}, or set BINGEBOARD_HOME")

    def secret(self, name: str) -> str:
        """Return a secret of this home, made at random when first asked for."""
        with self.locked("secrets.lock"):
            file = self.path / "secrets.json"
            kept = self.read(file.name)
            if not kept and file.exists():
                # A new password would lock us out of the data: better no start than a silent loss.
                raise ServerError(f"{file} can not be read; put it right, or run `make reset` to start afresh")
            if name not in kept:
                kept[name] = secrets.token_urlsafe(24)
                self.write(file.name, kept)
            return str(kept[name])

    def read(self, name: str) -> dict[str, Any]:
        """Return one of the home's JSON files, {} where it is not there or not whole."""
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write one of the home's JSON files, for our eyes only, whole or not at all."""
        draft = self.path / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
        draft.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Remove one of the home's files, where it is there."""
        (self.path / name).unlink(missing_ok=True)

    def data_folder(self) -> Path:
        """
        Return where PostgreSQL keeps its data: in the home, or where the account that runs it can reach.

        No folder's permissions are loosened for it. What lies outside is noted: it stays, and goes, with the home.
        """
        noted = self.read(MARK).get("outside")
        inside = self.path / "postgres"
        if noted is None and (inside.exists() or reachable(self.path, server_account())):
            folder = inside
        else:
            folder = Path(noted or self._outside())
            self.write(MARK, self.read(MARK) | {"outside": str(folder)})
        folder.mkdir(exist_ok=True, mode=0o711)
        if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
            raise ServerError(f"{folder} is not ours; remove it, or set BINGEBOARD_HOME to another folder")
        folder.chmod(0o711)
        return folder

    def _outside(self) -> Path:
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return Path("/var/tmp") / f"bingeboard-{name}"  # noqa: S108 - refused unless it is ours and no link

    @contextlib.contextmanager
    def locked(self, name: str, *, shared: bool = False, waiting_for: str = "") -> Iterator[IO[str]]:
        """Hold one of the home's locks; says what it waits for where that takes long."""
        with (self.path / name).open("a+") as file:
            lock(file, shared=shared, waiting_for=waiting_for)
            yield file

    def try_lock(self, name: str) -> IO[str] | None:
        """Return the open file of a lock that is now ours until it is closed, None where somebody holds it."""
        file = (self.path / name).open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def delete(self) -> None:
        """Delete the home and what it keeps elsewhere; the caller has made sure that nobody uses it."""
        outside = self.read(MARK).get("outside")
        for folder in (Path(outside) if outside else None, self.path / "postgres"):
            if folder is not None and folder.is_dir():
                end_leftovers(folder / "data")
                shutil.rmtree(folder)
        shutil.rmtree(self.path)


def lock(file: IO[str], *, shared: bool = False, waiting_for: str = "") -> None:
    """Lock an open file, waiting for whoever holds it, and saying so where it takes long."""
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline, told = time.monotonic() + PATIENCE, not waiting_for
    while True:
        # Asked again and again, since a Ctrl-C that comes just before a call that blocks would not end it.
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told and time.monotonic() > deadline:
                sys.stderr.write(f"waiting for {waiting_for}\n")
                told = True
            time.sleep(0.02)
        else:
            return
