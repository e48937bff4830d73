"""The notebooks run from top to bottom on a synthetic cohort, show what they promise, and leave nothing behind."""

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

NOTEBOOKS = ROOT / "training" / "notebooks"
SHOWN = {
    "first_look": ("200 patients of 3 sites", "the same cohort: True", "patients, row 3 (counted from 0), column "),
    "own_learner": ("gradient_forest:GradientForest", "one_variable", "not recorded: 400 patients"),
    "external_validation": ("<TrainedModel, version 1:", "<PredictionEvaluation:", "calibration_slope"),
}  # fmt: skip


def outputs(page: Path) -> list[str]:
    """What the cells of an exported notebook show."""
    text = page.read_text(encoding="utf-8")
    session = json.JSONDecoder().raw_decode(text[text.index('"session":') + len('"session":') :].lstrip())[0]
    shown = [output.get("data", {}) for cell in session["cells"] for output in cell["outputs"]]
    return [html.unescape(html.unescape(str(content))) for data in shown for content in data.values()]


def test_every_notebook_is_tested() -> None:
    modules = {path.stem for path in NOTEBOOKS.glob("*.py") if "marimo.App" in path.read_text(encoding="utf-8")}
    assert modules == set(SHOWN)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_shows_its_results_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    work, page = tmp_path / "work", tmp_path / "page.html"
    work.mkdir()
    before = sorted(NOTEBOOKS.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "-q", "export", "html", NOTEBOOKS / f"{name}.py", "-o", page],
        cwd=work, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    everything = "\n".join(outputs(page))
    assert not [words for words in SHOWN[name] if words not in everything]
    assert "SYN-" not in everything
    assert "Traceback" not in everything
    assert not list(work.iterdir())
    assert [path for path in sorted(NOTEBOOKS.rglob("*")) if "__" not in path.as_posix()] == [
        path for path in before if "__" not in path.as_posix()
    ]


def test_a_notebook_is_a_script_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, NOTEBOOKS / "first_look.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
