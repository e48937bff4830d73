"""Settings come from one file, and a wrong override is refused by its key."""

from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from training.config import CANDIDATES, load_config


def override(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> list[tuple[str, str | None]]:
    with pytest.raises(InputRefusedError) as refused:
        load_config(override(folder, text))
    return [(problem.place, problem.column) for problem in refused.value.problems]


def test_the_defaults_try_every_candidate() -> None:
    assert load_config().candidates == CANDIDATES


def test_a_file_overrides_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    default = load_config().as_parameters()
    config = load_config(override(tmp_path, '[training]\nfolds = 3\ncandidates = ["no_model"]\n'))
    assert config.as_parameters() == default | {"folds": 3, "candidates": ["no_model"]}


def test_a_seed_overrides_the_file(tmp_path: Path) -> None:
    assert load_config(override(tmp_path, "[training]\nseed = 3\n"), seed=4).seed == 4


def test_a_file_may_be_empty(tmp_path: Path) -> None:
    assert load_config(override(tmp_path, "")) == load_config()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("fold = 3", "fold"),
        ("folds = 1", "folds"),
        ('folds = "5"', "folds"),
        ("folds = 5.0", "folds"),
        ("folds = true", "folds"),
        ("seed = -1", "seed"),
        ("seed = 2147483648", "seed"),
        ("events_to_fit = 0", "events_to_fit"),
        ("largest_weight = 0.9", "largest_weight"),
        ("largest_weight = nan", "largest_weight"),
        ("largest_weight = inf", "largest_weight"),
        ('candidates = ["logistic"]', "candidates"),
        ('candidates = ["no_model", "forest"]', "candidates"),
        ('candidates = ["no_model", ["logistic"]]', "candidates"),
        ('candidates = "no_model"', "candidates"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_its_key(tmp_path: Path, line: str, key: str) -> None:
    assert refusal(tmp_path, f"[training]\n{line}\n") == [("mine.toml", key)]


@pytest.mark.parametrize(
    "line", ["folds = 2", "seed = 0", "seed = 2147483647", "events_to_fit = 1", "largest_weight = 1"]
)
def test_the_outermost_values_are_taken(tmp_path: Path, line: str) -> None:
    load_config(override(tmp_path, f"[training]\n{line}\n"))


def test_every_wrong_key_is_reported_at_once(tmp_path: Path) -> None:
    text = "[training]\nfolds = 0\nsites = 3\n[serving]\nport = 1\n"
    assert refusal(tmp_path, text) == [("mine.toml", "folds"), ("mine.toml", "sites"), ("mine.toml", "serving")]


@pytest.mark.parametrize("text", ["training = 3\n", "[training\n", "\xff"])
def test_what_is_not_such_a_file_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputRefusedError) as refused:
        load_config(tmp_path / "mine.toml")
    assert {problem.place for problem in refused.value.problems} == {"mine.toml"}
