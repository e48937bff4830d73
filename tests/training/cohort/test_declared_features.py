"""`kap cohort check` says of every feature that a protocol declares how many patients have it, at each landmark."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.cohorts import random_cohort
from tests.features.own_features import FORTNIGHT
from tests.training.cohort_folder import COVARIATES
from training.cli.app import main
from training.cohort.declared_features import declared_features, render_declared
from training.cohort.reader import read_cohort

LANDMARKS = """
[[landmarks]]
name = "before session 2"
before_session = 2
[[landmarks]]
name = "day 30"
day = 30
"""
PROTOCOL = LANDMARKS + COVARIATES + FORTNIGHT
NAME = "lowest_gad7_first_fortnight"
TABLES = {
    "patients": """
        patient_id  expectancy  remote
        a           7           true
        b           -           false
        c           3           -
    """,
    "sessions": """
        patient_id  session_number  day  kind
        a           1               0    dosing
        a           2               9    dosing
        b           1               0    dosing
        b           2               9    dosing
        c           1               0    dosing
    """,
    "assessments": """
        patient_id  day  instrument  score
        a           0    gad7        16
        a           40   gad7        16
        b           0    gad7        12
        b           5    gad7        9
        b           40   gad7        9
        c           40   gad7        9
    """,
}


@pytest.fixture
def declaring(tmp_path: Path) -> Path:
    """The folder of a cohort under a protocol that declares features."""
    for name, table in TABLES.items():
        rows = [",".join(line.split()).replace("-", "") for line in table.strip().splitlines()]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "protocol.toml").write_text(PROTOCOL)
    return tmp_path


def test_patients_with_a_value_are_counted_among_those_who_reached_the_landmark(declaring: Path) -> None:
    cohort = read_cohort(declaring)
    found = {one.name: [(at.patients, at.reached) for at in one.landmarks] for one in declared_features(cohort)}
    # c has no second session, and so does not reach the first landmark.
    assert found == {"expectancy": [(1, 2), (2, 3)], "remote": [(2, 2), (2, 3)], NAME: [(2, 2), (2, 3)]}
    lines = render_declared(declared_features(cohort))
    assert "  expectancy                  1 of 2 before session 2, 2 of 3 at 'day 30'" in lines
    assert max(map(len, lines)) <= 100


def test_a_protocol_that_declares_none_has_none() -> None:
    assert declared_features(random_cohort(np.random.default_rng(1), 20)) == ()
    assert render_declared(()) == []


def test_the_command_lists_them(declaring: Path) -> None:
    said = CliRunner().invoke(main, ["cohort", "check", str(declaring)]).stdout
    assert "Features that the protocol declares" in said
    assert f"  {NAME} 2 of 2 before session 2" in said
    found = json.loads(CliRunner().invoke(main, ["cohort", "check", str(declaring), "--json"]).stdout)
    assert [one["name"] for one in found["declared_features"]] == ["expectancy", "remote", NAME]
    assert found["declared_features"][0]["landmarks"][1] == {"landmark": "day 30", "patients": 2, "reached": 3}
