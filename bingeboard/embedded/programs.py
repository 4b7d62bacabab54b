"""What serves the product on one machine: web, sockets, worker and beat, as the supervisor runs them."""

import signal
import sys

from bingeboard.embedded.supervisor import Child


def programs(*, port: int, socket_port: int, secret_key: str, demo_page: bool = False) -> list[Child]:
    """
    Return what the supervisor runs. The last is stopped first: nothing comes in while the rest ends.

    socket_port   where subscriptions are listened for; the web's own server speaks WSGI, which has none
    demo_page     whether the web lets anyone act as a made-up viewer
    """
    web = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # Threads to be read from, more than granian thinks wise; bingeboard.wsgi lets a few of them work at a time.
    web += ["--blocking-threads", "128", "--no-ws", "--log-level", "error", "--workers-kill-timeout", "5"]
    sockets = ["uvicorn", "--host", "127.0.0.1", "--port", str(socket_port), "--log-level", "warning"]
    sockets += ["--ws", "websockets-sansio", "--no-access-log", "--timeout-graceful-shutdown", "3"]
    celery = ["celery", "-A", "bingeboard", "--quiet"]
    worker = [*celery, "worker", "--concurrency", "1", "--loglevel", "info", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "info", "--pidfile", ""]
    env = {
        # One BLAS thread each: these processes share the machine's cores with the database.
        "OPENBLAS_NUM_THREADS": "1",
        # One key for all of them.
        "BINGEBOARD_SECRET_KEY": secret_key,
        # Celery's advice to whoever runs it in production.
        "PYTHONWARNINGS": "ignore",
    }
    web_env = {
        "BINGEBOARD_DEMO": str(int(demo_page)),
        "BINGEBOARD_SOCKET_URL": f"ws://127.0.0.1:{socket_port}/graphql/",
    }
    python = [sys.executable, "-m"]
    return [
        # Killed ourselves, we can not wait for its task; a cold shutdown hands it back to the queue.
        Child("worker", [*python, *worker], env, death_signal=signal.SIGQUIT),
        Child("beat", [*python, *beat], env),
        Child("sockets", [*python, *sockets, "bingeboard.asgi:application"], env),
        Child("web", [*python, *web, "bingeboard.wsgi:application"], {**env, **web_env}),
    ]
