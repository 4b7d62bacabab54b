"""The engine is pure, and what it is made of stays outside the web."""

import subprocess
import sys


def test_the_engine_is_imported_without_django_celery_or_the_house() -> None:
    """In a process of its own, since this one has imported everything long ago."""
    script = (
        "import pkgutil, sys, importlib, recommendations.engine as engine\n"
        "for module in pkgutil.iter_modules(engine.__path__):\n"
        "    importlib.import_module(f'recommendations.engine.{module.name}')\n"
        "import experiments.assignment, experiments.statistics, social.influence\n"
        "strangers = {'django', 'celery', 'strawberry', 'pgvector', 'psycopg', 'bingeboard'} & set(sys.modules)\n"
        "print(sorted(strangers))\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "[]", done.stdout + done.stderr
