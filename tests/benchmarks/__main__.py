"""Run a benchmark by its name; each prints one table and writes nothing to the project."""

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable

import tests.benchmarks as folder


def benchmarks() -> dict[str, Callable[[list[str]], int]]:
    """Return every benchmark's main by its name: the modules beside this one that have one."""
    found = {}
    for entry in pkgutil.iter_modules(folder.__path__):
        if entry.name != "__main__":
            module = importlib.import_module(f"{folder.__name__}.{entry.name}")
            if hasattr(module, "main"):
                found[entry.name] = module.main
    return found


def main(arguments: list[str]) -> int:
    """Run the benchmark that the arguments name; returns its exit code."""
    known = benchmarks()
    listed = "\n".join(f"  {name:<16}{_first_line(run)}" for name, run in known.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=sorted(known), metavar="NAME", help="one of those below")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="its options; NAME --help lists them")
    given = parser.parse_args(arguments)
    return known[given.name](given.options)


def _first_line(run: Callable[..., int]) -> str:
    module = inspect.getmodule(run)
    return (inspect.getdoc(module) or "").splitlines()[0] if module else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
