"""Wrong arguments that need no work to be seen are refused before the modules are imported that do the work."""

from pathlib import Path

import pytest

from tests.training.commands import Workplace

REFUSED = """
import sys
from click.testing import CliRunner
from training.cli.app import main

done = CliRunner().invoke(main, sys.argv[1:], prog_name="kap")
sys.stdout.write(done.stderr)
loaded = [name for name in ("mlflow", "sklearn", "bentoml", "pandas") if name in sys.modules]
sys.exit(9 if loaded else done.exit_code)
"""
SETTINGS = '[training]\ncandidates = ["no_model", "{}"]\n'


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    (tmp_path / "cohort").mkdir()
    (tmp_path / "own.toml").write_text(SETTINGS.format("my_package:GradientForest"))
    (tmp_path / "misspelled.toml").write_text(SETTINGS.format("forests:GradientForst"))
    (tmp_path / "logistic.toml").write_text(SETTINGS.format("logisitc"))
    (tmp_path / "looser.toml").write_text("[policy]\nin_the_large = 0.9\n")
    (tmp_path / "forests.py").write_text("class GradientForest:\n    pass\n")
    return Workplace(tmp_path)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("promote 1 --override --reason x", "promote, option --by: required the name of who takes responsibility"),
        ("promote 1 --reason x --cohort nowhere", "nowhere: required a folder with the tables of a cohort"),
        ("promote 1 --reason x --policy looser.toml", "policy, key in_the_large: required the default value or"),
        ("rollback --reason \t", "rollback, option --reason: required the reason"),
        ("train cohort --acknowledge duplicated-patients", "train, option --by: required the name of who is"),
        ("recalibrate 1 cohort --acknowledge duplicated-patients --reason x", "recalibrate, option --by: required"),
        ("recalibrate 1 nowhere --reason x", "nowhere: required a folder with the tables of a cohort"),
        ("evaluate 1 nowhere", "nowhere: required a folder with the tables of a cohort"),
        ("train nowhere", "nowhere: required a folder with the tables of a cohort"),
        ("train cohort --config own.toml", "candidate my_package:GradientForest: required a module that can be"),
        ("train cohort --config misspelled.toml", "found no GradientForst there (did you mean GradientForest?)"),
        ("train cohort --config logistic.toml", "'logisitc', which is no candidate (did you mean logistic?)"),
        ("report 1 --out nowhere/page.html", "there is no folder nowhere; make it first, or write to another folder"),
        ("report template nowhere", "nowhere: required a folder with the tables of a cohort"),
        ("report template --out nowhere/study.toml", "there is no folder nowhere; make it first"),
        ("score cohort --out nowhere/scores.csv", "there is no folder nowhere; make it first"),
        ("audit dossier 1 --out nowhere/dossier.html", "there is no folder nowhere; make it first"),
        ("audit export 1 --out nowhere/p.zip", "there is no folder nowhere; make it first"),
        ("audit export 1 --out p.tar", "audit, option --out: required a name that ends in .zip"),
        ("audit export 1 --out p.zip --key own.pem", "audit, option --by: required the name of the person whose key"),
        ("audit verify nowhere.zip", "nowhere.zip: No such file or directory; required an existing file"),
        ("cohort outcomes cohort --out nowhere/outcomes.csv", "there is no folder nowhere; make it first"),
        ("monitor --out nowhere/page.html", "there is no folder nowhere; make it first"),
    ],
)
def test_no_work_is_begun(place: Workplace, command: str, said: str) -> None:
    done = place.python(REFUSED, *command.split(" "))
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stdout
