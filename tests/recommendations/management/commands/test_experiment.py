"""`manage.py experiment`: what it says, and one clear line with exit code 2 for what can not be."""

import io
import json
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bingeboard.users.models import User
from experiments.models import Experiment, ExperimentVariant
from experiments.queries import Assignment
from experiments.services import record_exposure

pytestmark = pytest.mark.django_db
BOLD = 'bold:2:{"ranking.diversity": 0.6}'


def experiment(*words: str) -> str:
    out = io.StringIO()
    call_command("experiment", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> str:
    """Return what a refused command says: one line, exit code 2."""
    with pytest.raises(CommandError) as refusal:
        experiment(*words)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.fixture
def wide() -> str:
    experiment("create", "wide", "--variant", "control:1", "--variant", BOLD)
    return "wide"


def test_an_experiment_is_defined_as_it_is_told() -> None:
    said = experiment(
        "create", "wide", "--variant", "control:1", "--variant", BOLD, "--layer", "rows", "--traffic", "0.5",
        "--description", "more variety",
    )  # fmt: skip

    made = Experiment.objects.get()
    assert said == "defined wide; `experiment start wide` starts it\n"
    assert (made.name, made.layer, made.traffic, made.description) == ("wide", "rows", 0.5, "more variety")
    assert not made.is_active
    assert list(made.variants.values_list("name", "weight", "algorithm_config")) == [
        ("control", 1.0, {}),
        ("bold", 2.0, {"ranking.diversity": 0.6}),
    ]


def test_a_config_may_hold_colons_and_more_than_one_constant() -> None:
    config = {"ranking.diversity": 0.6, "social.half_life": 7}
    experiment("create", "wide", "--variant", "control:1", "--variant", f"bold:1:{json.dumps(config)}")

    assert ExperimentVariant.objects.get(name="bold").algorithm_config == config


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("bold", "--variant is NAME:WEIGHT[:JSON], as in"),
        ("bold:much", "got 'bold:much'"),
        ("bold:1:{", "got 'bold:1:{'"),
        (":1", "got ''"),
        ("bold:0", "the weight of 'bold' must be above 0, got 0.0"),
        ("bold:nan", "the weight of 'bold' must be above 0, got nan"),
        ("bold:1:[1]", "algorithm_config is a JSON object, got list"),
        ('bold:1:{"ranking.taste": 1}', "there is no engine constant 'ranking.taste'"),
        ('bold:1:{"ranking.diversity": 7}', "ranking.diversity must be in [0, 1] (0-1), got 7"),
        ('bold:1:{"ranking.diversity": NaN}', "ranking.diversity is a number in [0, 1], got nan"),
        ("control:1", "different names, got 'control', 'control'"),
    ],
)
def test_a_variant_that_is_none_is_refused_by_its_value(variant: str, said: str) -> None:
    assert said in refused("create", "wide", "--variant", "control:1", "--variant", variant)
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["w ide"], "got 'w ide'"),
        (["wide", "--layer", ""], "layer: a name is up to 64 letters"),
        (["wide", "--traffic", "2"], "traffic is a share of the viewers in [0.0001, 1], got 2.0"),
    ],
)
def test_a_definition_that_is_none_is_refused_by_its_value(words: list[str], said: str) -> None:
    assert said in refused("create", *words, "--variant", "a:1", "--variant", "b:1")
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    "words", [[], ["begin"], ["create", "wide"], ["create", "wide", "--variant", "a:1", "--traffic", "half"], ["start"]]
)
def test_what_is_no_command_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandError):
        experiment(*words)
    assert not Experiment.objects.exists()


@pytest.mark.parametrize("action", ["start", "stop", "report"])
def test_an_unknown_name_is_told_with_the_known_ones(wide: str, action: str) -> None:
    assert refused(action, "wid") == "there is no experiment 'wid' (known: wide)"


@pytest.mark.parametrize("action", ["start", "stop", "report"])
def test_where_there_are_none_yet_it_says_so(action: str) -> None:
    assert refused(action, "wid") == "there is no experiment 'wid' (known: there are none yet)"


def test_from_draft_to_running_to_ended(wide: str) -> None:
    states = [experiment("list")]
    assert experiment("start", wide) == "wide runs\n"
    states.append(experiment("list"))
    assert experiment("stop", wide) == "wide has ended\n"
    states.append(experiment("list"))

    assert [re.search("draft|running|ended", said).group() for said in states] == ["draft", "running", "ended"]
    assert all("control 1, bold 2" in said for said in states)


def test_no_experiments_yet_is_told() -> None:
    assert experiment("list") == "no experiments yet; `experiment create --help` shows how\n"


def served(wide: str, now: Any) -> None:
    experiment("start", wide)
    for number, variant in enumerate(("control", "bold", "bold")):
        user = User.objects.create_user(f"viewer-{number}", id=f"viewer-{number}")
        record_exposure(user_id=user.pk, assigned=[Assignment(wide, variant)], now=now)


def test_a_report_names_variants_metrics_and_the_split(wide: str, now: Any) -> None:
    served(wide, now)

    said = experiment("report", wide)

    for word in ("control", "bold", "click rate", "start rate", "completion rate", "viewers who clicked"):
        assert word in said
    assert "the split came out as meant (sample ratio p = 1)" in said
    assert "…" not in said


def test_a_report_as_json_holds_the_figures_and_null_where_there_are_none(wide: str, now: Any) -> None:
    served(wide, now)

    found = json.loads(experiment("report", wide, "--json"))

    assert (found["name"], found["control"]) == ("wide", "control")
    assert (found["sampleRatioPValue"], found["sampleRatioMismatch"]) == (1.0, False)
    assert [(v["name"], v["users"], v["lists"]) for v in found["variants"]] == [("control", 1, 0), ("bold", 2, 0)]
    assert found["metrics"][1] == {
        "metric": "click rate",
        "variant": "bold",
        "users": 0,
        "mean": None,
        "meanLow": None,
        "meanHigh": None,
        "lift": None,
        "low": None,
        "high": None,
        "pValue": None,
        "significant": False,
    }
