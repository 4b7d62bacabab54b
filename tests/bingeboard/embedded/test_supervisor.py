"""The supervisor: restarts what dies, gives up in the end, and leaves nothing."""

import contextlib
import io
import os
import re
from pathlib import Path

import pytest

from bingeboard.embedded import supervisor as module
from bingeboard.embedded.processes import ServerError, free_port
from bingeboard.embedded.supervisor import Child, Supervisor

from .conftest import eventually, is_alive, run_python

pytestmark = pytest.mark.servers


def shell(name: str, script: str) -> Child:
    return Child(name, ["/bin/sh", "-c", script])


def said(supervisor: Supervisor) -> list[str]:
    assert isinstance(supervisor.output, io.StringIO)
    return supervisor.output.getvalue().splitlines()


def test_lines_come_out_with_the_name_before_them() -> None:
    both = Supervisor(
        [shell("web", "echo hello; exec sleep 60"), shell("worker", "exec sleep 60")], output=io.StringIO()
    )
    both.start()

    both.run(until=lambda: "web    | hello" in said(both))

    both.stop()
    assert [child.process for child in both.children] == [None, None]


def test_a_killed_child_is_started_again_and_that_is_said() -> None:
    one = Supervisor([shell("web", "exec sleep 60")], output=io.StringIO(), pause=0.01)
    one.start()
    first = one.children[0].process
    assert first is not None

    first.kill()
    one.run(until=lambda: one.children[0].process is not None and one.children[0].process.pid != first.pid)

    one.stop()
    assert said(one) == ["web | ended with exit code -9 after 0 s; starting it again in 0.0 s"]


def test_a_child_that_keeps_dying_ends_the_lot_with_its_last_words() -> None:
    pair = [shell("web", "exec sleep 60"), shell("beat", "echo no such table; exit 3")]
    both = Supervisor(pair, output=io.StringIO(), pause=0.01)
    both.start()

    with pytest.raises(ServerError, match=r"beat died 5 times \(exit code 3\); its last words: .*no such table"):
        both.run()

    assert sum("starting it again" in line for line in said(both)) == 4
    web = both.children[0].process
    assert web is not None
    both.stop()
    assert web.poll() is not None


def test_what_else_may_die_is_tended_meanwhile() -> None:
    one = Supervisor([shell("web", "exec sleep 60")], output=io.StringIO())
    one.start()
    tended: list[int] = []

    one.run(until=lambda: len(tended) == 3, tend=lambda: tended.append(1))

    one.stop()


def test_children_stop_one_after_the_other_the_last_first() -> None:
    ready = "trap 'echo stops; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    three = Supervisor([shell(name, ready) for name in ("worker", "beat", "web")], output=io.StringIO())
    three.start()
    three.run(until=lambda: sum("ready" in line for line in said(three)) == 3)

    three.stop()

    assert [line for line in said(three) if "stops" in line] == ["web    | stops", "beat   | stops", "worker | stops"]


def test_a_stubborn_child_is_killed_together_with_its_own_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    stubborn = Supervisor([shell("web", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60")], output=io.StringIO())
    stubborn.start()
    stubborn.run(until=lambda: bool(said(stubborn)))
    grandchild = int(said(stubborn)[0].split("|")[1])
    assert is_alive(grandchild)

    stubborn.stop()

    eventually(lambda: not is_alive(grandchild), "the grandchild is killed")
    assert "web | does not stop; killing it" in said(stubborn)


def test_a_reader_who_left_does_not_stop_anything() -> None:
    read, write = os.pipe()
    os.close(read)
    with contextlib.suppress(BrokenPipeError), os.fdopen(write, "w") as nobody_reads:
        one = Supervisor([shell("web", "echo one; echo two; exec sleep 60")], output=nobody_reads)
        one.start()

        one.run(until=lambda: list(one.children[0].last_lines) == ["one", "two"])

        assert one.children[0].process is not None
        assert one.children[0].process.poll() is None
        one.stop()


# The programs that the demo runs, with little apps of their own: real forks, real pools.
PROGRAMS = """
import signal, sys
from bingeboard.embedded.supervisor import Child, Supervisor
port, folder, broker = sys.argv[1:]
python = [sys.executable, "-m"]
celery = [*python, "celery", "-A", "tiny", "--workdir", folder, "-b", broker]
children = [
    Child("worker", [*celery, "worker", "--concurrency", "1", "-l", "info", "--without-mingle", "-Q", "tiny-" + port],
          death_signal=signal.SIGQUIT),
    Child("web", [*python, "granian", "--interface", "wsgi", "--port", port, "--working-dir", folder, "tiny:wsgi"]),
]
supervisor = Supervisor(children)
supervisor.start()
supervisor.run()
"""
TINY = """
import celery
app = celery.Celery("tiny")
def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
"""


def descendants(pid: int) -> set[int]:
    """Return all processes below one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(re.sub(r".*\) . ", "", (entry / "stat").read_text()).split()[0])
            except OSError:
                continue
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes through /proc")
def test_web_and_worker_end_with_their_children_when_the_supervisor_is_killed(folder: Path) -> None:
    (folder / "tiny.py").write_text(TINY)
    process = run_python(PROGRAMS, str(free_port()), str(folder), os.environ["REDIS_URL"])
    eventually(lambda: len(descendants(process.pid)) >= 4, "both programs have children of their own", seconds=60)
    below = descendants(process.pid)

    process.kill()
    printed, complaints = process.communicate(timeout=60)

    eventually(lambda: not any(is_alive(pid) for pid in below), "everything below the supervisor ends", seconds=60)
    assert "Traceback" not in printed + complaints
