"""`kap runs` lists what was trained, whatever its evidence looks like."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.training.commands import SameProcess
from tests.training.evidence_examples import training_evidence
from tests.training.registries import Registry
from training.cli.texts.runs_text import NONE, WIDTH, runs_text
from training.registry.release import MODEL_NAME
from training.tracking.runs import HeadlineFigure, LandmarkHeadline, ListedTraining


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SameProcess]:
    """Three trainings: with evidence and champion, without evidence, and one that was stopped."""
    folder = tmp_path_factory.mktemp("runs")
    registry = Registry(folder)
    registry.register(training_evidence())
    registry.register(None)
    client = registry.client
    client.set_registered_model_alias(MODEL_NAME, "champion", "1")
    for version in ("1", "2"):
        run_id = client.get_model_version(MODEL_NAME, version).run_id
        client.set_tag(run_id, "level", "training")
        client.set_tag(run_id, "synthetic", "true")
        client.set_terminated(run_id)
    stopped = client.create_run(client.create_experiment("stopped"), tags={"level": "training"})
    client.set_terminated(stopped.info.run_id, "FAILED")
    return SameProcess(folder)


def test_every_training_is_listed_with_its_figures_the_newest_first(place: SameProcess) -> None:
    found = json.loads(place.kap("runs", "--json").stdout)
    assert [(one["version"], one["status"], one["champion"]) for one in found] == [
        (None, "failed", False),
        ("2", "finished", False),
        ("1", "finished", True),
    ]
    evidence = training_evidence()
    first = found[-1]
    assert (first["cohort"], first["quick"], first["synthetic"]) == (evidence.cohort.source, evidence.quick, True)
    assert [landmark["landmark"] for landmark in first["landmarks"]] == [one.name for one in evidence.landmarks]
    remission, relapse = first["landmarks"][0]["figures"]
    question = next(one for one in evidence.landmarks[0].questions if one.head == "remission")
    assert (remission["measure"], remission["estimate"]) == ("auc", question.measures["auc"].estimate)
    c_index = evidence.landmarks[0].heads[1].measures.get("c_index")
    assert (relapse["measure"], relapse["estimate"]) == ("c_index", c_index.estimate if c_index else None)
    assert found[1]["unread"] == "no evidence is recorded"


def test_a_limit_keeps_the_newest(place: SameProcess) -> None:
    assert [one["version"] for one in json.loads(place.kap("runs", "--limit", "2", "--json").stdout)] == [None, "2"]


def test_the_list_is_read_at_a_glance(place: SameProcess) -> None:
    lines = place.kap("runs").stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].startswith("no version (failed)")
    assert any(line.startswith("version 1") and "champion" in line and "SYNTHETIC" in line for line in lines)


def test_long_names_and_every_mark_fit_into_the_width() -> None:
    figure = HeadlineFigure("remission", "my_package.forests:GradientForest", "auc", 0.7, 0.61, 0.79)
    relapse = replace(figure, head="relapse", measure="c_index")
    one = ListedTraining(
        "f" * 32, "update", "finished", "2026-03-01 12:00", "a clinic with a very long name indeed", "kap", "m", "123",
        champion=True, synthetic=True, quick=True, research_only="no bundle",
        landmarks=(LandmarkHeadline("at the end of the acute course of treatment", (figure, relapse)),),
    )  # fmt: skip
    lines = runs_text([one]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "GradientForest  0.70 (0.61-0.79)" in lines[2]
    assert lines[2].count("0.70") == 2
    assert runs_text([]) == NONE
