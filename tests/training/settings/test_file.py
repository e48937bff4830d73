"""A researcher copies the file of settings, changes some, and is told by line what can't be right."""

from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.places import ROOT
from training.cohort.reader import describe_problems
from training.config import PromotionPolicy, TrainingConfig, load_config, load_policy
from training.settings_page import default_toml, page


@pytest.mark.parametrize(("name", "made"), [("default.toml", default_toml), ("SETTINGS.md", page)])
def test_the_file_of_defaults_and_the_page_are_those_of_the_code(name: str, made: object) -> None:
    assert callable(made)
    command = f"python -m training.settings_page {'toml' if name.endswith('toml') else 'page'} > training/{name}"
    assert (ROOT / "training" / name).read_text(encoding="utf-8") == made(), f"run: {command}"


def test_a_copy_of_all_defaults_changes_nothing_for_either_command() -> None:
    copy = ROOT / "training" / "default.toml"
    assert load_config(copy) == TrainingConfig() == load_config()
    assert load_policy(copy) == PromotionPolicy() == load_policy()


def said(folder: Path, text: str) -> list[str]:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputRefusedError) as refused:
        load_config(path)
    return describe_problems(refused.value.problems)


def test_a_misspelt_setting_is_named_with_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "# mine\n[training]\nfolds = 4\n\n[tuning]\ndephts = [1]\n")
    assert problem == (
        "my.toml, line 6, key dephts: required a setting of [tuning]; "
        "found [tuning] dephts, which is not a setting; did you mean depths?"
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[tunning]\ndepths = [1]\n", 1, "[tunning], which is not a section; did you mean tuning?"),
        ("[training]\ndepths = [1]\n", 2, "[training] depths, which is not a setting; it belongs below [tuning]"),
        ("[training]\ndepth = [1]\n", 2, "did you mean depths of [tuning]?"),
        ("depths = [1]\n", 1, "[depths], which is not a section; depths belongs below [tuning]"),
        ("[tuning]\n\n'learning_rat' = 1\n", 3, "did you mean learning_rate?"),
        ("tuning.dephts = [1]\n", 1, "did you mean depths?"),
        ("[training]\nzzz = 1\n", 2, "[training] zzz, which is not a setting"),
        ("[tuning]\ndepths = [\n  1,\n  0,\n]\n", 2, "required a list, each a whole number from 1 to 12, ascending"),
        ("[policy]\nslope = [2, 3]\n", 2, "required two numbers above 0, the first up to 1, the second from 1 on"),
        ("[selection]\nrule = 'good'\n", 2, 'required one of "average_or_best", "best", "simplest"'),
        ("[training]\nfolds = \n", 2, "found a line that is not: invalid value"),
        ("[training]\nfolds = 3\nfolds = 4\n", 3, "found a line that is not: cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (problem,) = said(tmp_path, text)
    assert f"my.toml, line {line}" in problem
    assert words in problem


def test_a_policy_alone_is_no_file_of_settings(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "[policy]\nin_the_large = 0.1\n")
    assert "only [policy], which this command does not use" in problem
