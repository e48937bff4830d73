"""Packages of a researcher, outside of the project: written to a folder, with or without being installed."""

from pathlib import Path

MODULE = "growing_forests"
SOURCE = '''
"""Candidates of another package."""

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sksurv.linear_model import CoxPHSurvivalAnalysis


class Forest(RandomForestClassifier):
    """A random forest with larger leaves, which takes missing values as they are."""

    def __init__(self, n_estimators=40, min_samples_leaf=10, random_state=None, n_jobs=None):
        super().__init__(
            n_estimators=n_estimators, min_samples_leaf=min_samples_leaf, random_state=random_state, n_jobs=n_jobs
        )


cox = CoxPHSurvivalAnalysis(alpha=30.0)


def boosted():
    return HistGradientBoostingClassifier(max_iter=40, learning_rate=0.1, max_leaf_nodes=4)


def gradient():
    return GradientBoostingClassifier(n_estimators=40, max_depth=2, subsample=0.8)


class Needy:
    def __init__(self, depth):
        self.depth = depth

    def fit(self, rows, outcome, sample_weight=None):
        return self

    def predict_proba(self, rows):
        return np.full((len(rows), 2), 0.5)


class Unweighted(Needy):
    def __init__(self):
        super().__init__(1)

    def fit(self, rows, outcome):
        return self


class Mute:
    def fit(self, rows, outcome, sample_weight=None):
        return self


class Failing(Needy):
    """Its message has a value of a patient."""

    def __init__(self):
        super().__init__(1)

    def fit(self, rows, outcome, sample_weight=None):
        raise ValueError(f"the first patient has {rows[0]}")


NUMBER = 7
'''


def write_module(folder: Path) -> None:
    """The module alone, as in a researcher's working folder."""
    (folder / f"{MODULE}.py").write_text(SOURCE, encoding="utf-8")


def write_distribution(folder: Path, version: str = "1.2") -> None:
    """The module as an installed distribution with an entry point named ``boosted``."""
    write_module(folder)
    about = folder / f"growing_forests-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: growing-forests\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[kap.candidates]\nboosted = {MODULE}:boosted\n")
    (about / "top_level.txt").write_text(f"{MODULE}\n")
    (about / "RECORD").write_text(f"{MODULE}.py,,\n")
