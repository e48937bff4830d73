"""A candidate of another package is found by its address or its entry point, or refused in a sentence."""

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

from features.protocol.problems import InputRefusedError
from tests.training.trainings import QUICK
from training.config import load_config
from training.learning.candidates import candidates_of
from training.learning.own_candidates.resolution import (
    made,
    origin_of,
    other_origins,
    parameters_of,
    require_own_candidates,
)

NAME = "growing_forests"


def refusal(name: str) -> str:
    with pytest.raises(InputRefusedError) as refused:
        made(name, seed=7)
    (problem,) = refused.value.problems
    assert (problem.place, problem.column) == (f"candidate {name}", None)
    return f"required {problem.required}; found {problem.found}"


def test_candidates_are_ordered_by_complexity_those_of_others_last_as_configured(module: Path) -> None:
    names = (f"{NAME}:cox", "xgboost", f"{NAME}:Forest", "no_model")
    found = candidates_of(replace(QUICK, candidates=names))
    assert [one.name for one in found] == ["no_model", "xgboost", f"{NAME}:cox", f"{NAME}:Forest"]
    assert [one.rank for one in found] == [0, 1, 2, 3]
    assert [sorted(one.heads) for one in found[2:]] == [["relapse"], ["remission"]]


def test_a_class_an_instance_and_a_factory_are_the_same_to_a_training(module: Path) -> None:
    forest, boosted = made(f"{NAME}:Forest", 7), made(f"{NAME}:boosted", 7)
    assert (forest.random_state, forest.n_jobs, boosted.random_state) == (7, 1, 7)
    assert isinstance(boosted, HistGradientBoostingClassifier)
    assert made(f"{NAME}:cox", 7) is not made(f"{NAME}:cox", 7), "a fit must not change the instance of the module"


def test_a_class_of_scikit_learn_is_a_candidate_too() -> None:
    found = made("sklearn.ensemble:GradientBoostingClassifier", 3)
    assert isinstance(found, GradientBoostingClassifier)
    assert found.random_state == 3
    assert origin_of("sklearn.ensemble:GradientBoostingClassifier").startswith("scikit-learn 1.")


def test_an_entry_point_needs_no_module_in_the_configuration(installed_module: Path, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[training]\ncandidates = ["no_model", "boosted"]\n')
    assert [one.name for one in candidates_of(load_config(file))] == ["no_model", "boosted"]
    assert origin_of("boosted") == "growing-forests 1.2"


def test_a_module_is_found_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "found_here.py").write_text("from sklearn.linear_model import LogisticRegression as Own\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("/nonexistent")  # so that the path is put back afterwards
    assert made("found_here:Own", 7).random_state == 7


def test_the_origin_of_a_module_that_is_not_installed_is_its_digest(module: Path) -> None:
    then = origin_of(f"{NAME}:Forest")
    assert re.fullmatch(r"growing_forests\.py sha256:[0-9a-f]{64}", then)
    recorded = {f"{NAME}:Forest": then}
    assert other_origins(recorded) == []
    with (module / f"{NAME}.py").open("a") as file:
        file.write("# changed\n")
    (sentence,) = other_origins(recorded)
    assert sentence.startswith(f"candidate {NAME}:Forest: training {then}, now {NAME}.py sha256:")
    assert other_origins({"gone_away:Forest": "forests 1.0"}) == [
        "candidate gone_away:Forest can't be imported: install forests 1.0, or start in the folder that holds it"
    ]


def test_plain_parameters_are_recorded(module: Path) -> None:
    found = parameters_of(f"{NAME}:Forest", 7)
    assert (found["min_samples_leaf"], found["random_state"], found["n_jobs"]) == ("10", "7", "1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_package:Forest", "start in the folder that holds it; found no module no_such_package"),
        (f"{NAME}:Fores", f"required a class, an estimator or a factory in {NAME}; found no Fores there"),
        (f"{NAME}:Needy", "a class or factory that takes no arguments"),
        (f"{NAME}:Unweighted", "whose fit takes sample_weight"),
        (f"{NAME}:Mute", "predict_proba (for remission), or predict_cumulative_incidence or predict_survival_function"),
        (f"{NAME}:NUMBER", "required a class, an estimator or a factory; found another object"),
        ("no_such_entry", "one entry point in the group kap.candidates, or package.module:Class; found none"),
        ("__main__:Forest", "a class in a file of its own"),
    ],
)
def test_what_can_not_be_used_is_refused_with_the_remedy(name: str, said: str, module: Path) -> None:
    assert said in refusal(name)


def test_a_module_that_fails_is_refused_without_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing_module.py").write_text("raise RuntimeError('secret')\n")
    monkeypatch.syspath_prepend(tmp_path)
    said = refusal("failing_module:Own")
    assert "RuntimeError while importing it" in said
    assert "secret" not in said


def test_a_training_refuses_an_unknown_name_in_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[training]\ncandidates = ["no_model", "logistik"]\n')
    with pytest.raises(InputRefusedError):
        load_config(tmp_path / "my.toml")


def test_code_that_was_edited_and_not_imported_again_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook: the former code would run, and the digest of the new one would be recorded."""
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "edited_since.py"
    file.write_text("from sklearn.linear_model import LogisticRegression as Own\n\n\nclass Mine(Own):\n    LEVEL = 1\n")
    config = replace(QUICK, candidates=("no_model", "edited_since:Mine"))
    for _ in range(2):
        require_own_candidates(config)
    file.write_text(file.read_text().replace("LEVEL = 1", "LEVEL = 22"))
    with pytest.raises(InputRefusedError) as refusal:
        require_own_candidates(config)
    assert "importlib.reload" in refusal.value.problems[0].required
    importlib.reload(sys.modules["edited_since"])
    require_own_candidates(config)
