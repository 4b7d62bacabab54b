"""What was measured is written whole, can be read again, and is compared only with what it can be compared with."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT
from recommendations.evaluation.chart import draw
from recommendations.evaluation.judging import METRICS, NDCG, OVERALL, PER_VIEWER
from recommendations.evaluation.report import (
    changed_constants,
    check_folder,
    compare,
    print_tables,
    read_earlier,
    write_files,
)
from recommendations.evaluation.run import ALGORITHMS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def folder(measured, tmp_path):
    write_files(measured, None, tmp_path)
    return tmp_path


def shifted(result, by):
    """Return the result with another NDCG@10 of the hybrid for each viewer."""
    judged = result.algorithms["hybrid"]
    values = {**judged.values, NDCG: judged.values[NDCG] + by}
    return replace(result, algorithms={**result.algorithms, "hybrid": replace(judged, values=values)})


def test_the_table_of_values_has_every_metric_of_every_algorithm_and_group(measured, folder):
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    wholes = [row for row in rows if row["known_titles"] == OVERALL and row["diversity"] == ""]
    assert [(row["algorithm"], row["metric"]) for row in wholes] == [(a, m) for a in ALGORITHMS for m in METRICS]
    hybrid = next(row for row in wholes if (row["algorithm"], row["metric"]) == ("hybrid", NDCG))
    e = measured.algorithms["hybrid"].estimates[OVERALL][NDCG]
    assert [float(hybrid[key]) for key in ("value", "low", "high")] == pytest.approx([e.value, e.low, e.high], abs=1e-6)
    assert {row["diversity"] for row in rows} == {"", "0.0", "0.25", "0.5", "0.75", "1.0"}


def test_the_result_has_settings_checksums_constants_and_the_value_of_every_viewer(measured, folder):
    found = json.loads((folder / "result.json").read_text())

    assert found["settings"]["split"] == "per-user"
    assert found["constants"]["EMBEDDING_PROVIDER"] == "lexical"
    assert found["settings"]["clock"] == measured.clock.isoformat()
    assert found["data"]["fingerprint"] == measured.data["fingerprint"]
    assert found["changed_constants"] == {}
    assert found["constants"]["ranking.diversity"] == DEFAULT.ranking.diversity
    assert found["per_viewer"]["viewers"] == measured.viewers
    for name in ALGORITHMS:
        for metric in PER_VIEWER:
            values = np.array(found["per_viewer"]["values"][name][metric], dtype=float)
            assert values == pytest.approx(measured.algorithms[name].values[metric], abs=1e-6, nan_ok=True)


def test_constants_that_are_not_the_usual_ones_are_named():
    assert changed_constants(DEFAULT) == {}
    assert changed_constants(DEFAULT.with_overrides({"ranking.maturity": 3})) == {"ranking.maturity": 3.0}


def test_a_run_is_no_different_from_itself(measured, folder):
    found = compare(measured, read_earlier(folder / "result.json"))

    assert set(found.differences) == set(ALGORITHMS)
    for d in found.differences.values():
        # Not by as much as rounding would make it.
        assert (d.mean, d.p_value) == (0.0, 1.0)
        assert d.verdict.startswith("no difference")
    assert found.constants == []


def test_better_and_worse_are_told_by_viewer(measured, folder, rng):
    earlier = read_earlier(folder / "result.json")
    noise = rng.normal(0, 0.05, len(measured.viewers))

    better, worse = (compare(shifted(measured, by + noise), earlier).differences for by in (0.1, -0.1))

    assert (better["hybrid"].verdict, worse["hybrid"].verdict) == ("better", "worse")
    assert better["hybrid"].low > 0 > worse["hybrid"].high
    assert better["popular"].verdict.startswith("no difference")


def test_only_viewers_of_both_runs_are_paired(measured, folder):
    document = json.loads((folder / "result.json").read_text())
    viewers = document["per_viewer"]["viewers"]
    document["per_viewer"]["viewers"] = viewers[::-1][:9]
    values = document["per_viewer"]["values"]["hybrid"]
    values[NDCG] = values[NDCG][::-1][:9]
    document["per_viewer"]["values"] = {"hybrid": values}
    (folder / "some.json").write_text(json.dumps(document))

    found = compare(measured, read_earlier(folder / "some.json")).differences

    assert list(found) == ["hybrid"]
    assert (found["hybrid"].viewers, found["hybrid"].mean) == (9, pytest.approx(0, abs=1e-6))


def test_constants_that_were_others_then_are_named(measured, folder):
    config = DEFAULT.with_overrides({"ranking.content_weight": 0.5})
    later = replace(measured, plan=replace(measured.plan, config=config))

    found = compare(later, read_earlier(folder / "result.json"))

    assert found.constants == [("ranking.content_weight", DEFAULT.ranking.content_weight, 0.5)]


def test_runs_that_held_out_something_else_are_not_compared(measured, folder):
    other = replace(measured, data={**measured.data, "test_fingerprint": "0" * 16})

    with pytest.raises(Invalid, match="other ratings were held out then"):
        compare(other, read_earlier(folder / "result.json"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("{", "is no result.json of an evaluation"),
        ("[1]", "is no result.json of an evaluation"),
        ('{"format": "else"}', "is of format 'else'"),
        ('{"format": "bingeboard-evaluation-1"}', "is no result.json of an evaluation"),
    ],
)
def test_what_is_no_result_is_refused(content, reason, tmp_path):
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(Invalid, match=reason):
        read_earlier(path)


def test_a_folder_that_can_not_be_written_to_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "out" / "chart.svg").mkdir(parents=True)

    assert check_folder(tmp_path / "new" / "one").is_dir()
    with pytest.raises(Invalid, match="is a file; name a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(Invalid, match=r"chart\.svg is a folder"):
        check_folder(tmp_path / "out")


def test_the_tables_name_every_algorithm_and_say_whose_lists_were_empty(measured, folder):
    out = io.StringIO()

    print_tables(measured, compare(measured, read_earlier(folder / "result.json")), out)

    said = out.getvalue()
    assert max(map(len, said.splitlines())) <= 200
    for name in ALGORITHMS:
        assert f"│ {name} " in said
    for value in (
        f"{measured.algorithms['hybrid'].estimates[OVERALL][NDCG].value:.4f} [",
        f"social: {len(measured.viewers)} viewers' lists were empty",
        "no difference that chance would not make",
        "The diversity dial",
        "10-99",
    ):
        assert value in said, said


def test_the_chart_draws_every_point_of_the_dial_and_a_bar_for_each_algorithm_and_group(measured):
    root = ET.fromstring(draw(measured))

    groups = [g for g in measured.algorithms["hybrid"].estimates if g != OVERALL]
    assert len(root.findall(f"{SVG}circle")) == 5
    # The ground, a key for each algorithm, and the bars.
    assert len(root.findall(f"{SVG}rect")) == 1 + len(ALGORITHMS) * (1 + len(groups))
    width, height = (float(root.get(key)) for key in ("width", "height"))
    for element in root.iter():
        for key, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            if element.get(key) is not None:
                assert 0 <= float(element.get(key)) <= most
    assert "nan" not in draw(measured)


def test_without_the_dial_the_chart_says_so(measured):
    assert "not measured" in draw(replace(measured, dial={}))
