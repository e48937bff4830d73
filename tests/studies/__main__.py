"""`python -m tests.studies WHAT`: trains on cohorts with known truth and prints what the method reaches, in Markdown.

Every finished piece is a line in a file below ``--out``; the same command goes on where it was interrupted. The pieces
do not know the version of the code: another version needs another ``--out``.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.places import COHORTS as SHARED
from tests.studies import tables
from tests.studies.choice_rules import choice_rules
from tests.studies.no_signal import no_signal
from tests.studies.settings import StudySettings
from tests.studies.size_table import size_table

STUDIES: dict[str, Callable[[StudySettings], str]] = {
    "attainable": tables.attainable,
    "coverage": tables.coverage,
    "mean_prediction": tables.mean_prediction,
    "cox": tables.cox,
    "no_signal": no_signal,
    "size_table": size_table,
    "choice_rules": choice_rules,
}


DEFAULTS: dict[str, list[Any]] = {
    "mechanism": ["own", "second"],
    "patients": [2500],
    "missing": [0.0, 0.36],
    "landmarks": [1, 2, 3],
}
DEFAULTS_OF: dict[str, dict[str, list[Any]]] = {
    "attainable": {"missing": [None]},
    "coverage": {"missing": [0.0, 0.28, 0.36]},
    "no_signal": {"missing": [0.0], "mechanism": ["second"]},
    "size_table": {
        "mechanism": ["own", "second", "rotterdam"],
        "patients": [200, 500, 1000, 2500, 5000, 20_000],
        "missing": [None],
    },
    "choice_rules": {
        "mechanism": ["own", "second", "null", "rotterdam"],
        "patients": [200, 500, 1200, 2500],
        "missing": [None],
        "landmarks": [1, 3],
    },
}
"""What a study takes where the command does not say."""


def with_defaults(study: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The options asked for, and those of the study where nothing was."""
    defaults = DEFAULTS | DEFAULTS_OF.get(study, {})
    return {name: defaults.get(name) if value is None else value for name, value in asked.items()}


def _missing(text: str) -> float | None:
    return None if text == "natural" else float(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.studies", description=__doc__)
    parser.add_argument("what", nargs="+", choices=STUDIES, help="the studies to run")
    parser.add_argument(
        "--mechanism", nargs="+", help="own, second, or for size_table and choice_rules a cohort's name"
    )
    parser.add_argument("--patients", nargs="+", type=int, help="sizes of the training cohorts")
    parser.add_argument("--fresh", type=int, default=2000, help="fresh patients")
    parser.add_argument("--seeds", nargs="+", type=int, default=[301, 302, 303, 304, 305])
    parser.add_argument(
        "--missing",
        nargs="+",
        type=_missing,
        help="proportion of remission not observed; natural leaves the own mechanism as it comes",
    )
    parser.add_argument("--candidates", nargs="+", default=[], help="instead of the product's defaults")
    parser.add_argument("--landmarks", nargs="+", type=int)
    parser.add_argument("--draws", type=int, default=1000, help="draws per patient behind the truth")
    parser.add_argument("--runs", type=int, default=100, help="runs without signal")
    parser.add_argument("--quick", action="store_true", help="the product's settings of a first look")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/studies"))
    parser.add_argument("--cohorts", type=Path, default=SHARED, help="folder of real cohorts")
    return parser


def _settings(study: str, asked: Mapping[str, Any]) -> StudySettings:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in with_defaults(study, asked).items()
    }
    return StudySettings(mechanisms=given.pop("mechanism"), **given)


def main() -> None:
    """Run the studies asked for and print their tables."""
    asked: dict[str, Any] = vars(_parser().parse_args())
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for study in asked.pop("what"):
        sys.stdout.write(f"## {study}\n\n{STUDIES[study](_settings(study, asked))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
