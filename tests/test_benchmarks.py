"""Benchmarks are no tests, but they can be started, and say what they do."""

import inspect

import pytest

from tests.benchmarks.__main__ import benchmarks, main


def test_every_benchmark_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    listed = capsys.readouterr().out
    assert ended.value.code == 0
    assert {
        "events",
        "next_list",
        "next_query",
        "not_interested",
        "faults",
        "ablation",
        "hostile",
        "prices",
        "schemathesis",
    } <= benchmarks().keys()
    for name, run in benchmarks().items():
        first_line = (inspect.getdoc(inspect.getmodule(run)) or "").splitlines()[0]
        assert first_line
        assert f"  {name:<16}{first_line}" in listed


@pytest.mark.parametrize("name", sorted(benchmarks()))
def test_every_benchmark_explains_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert f"python -m tests.benchmarks {name}" in " ".join(capsys.readouterr().out.split())


def test_an_unknown_one_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])

    assert ended.value.code == 2
    assert "'speed'" in capsys.readouterr().err
