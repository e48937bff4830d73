"""Which patients are held out together: whole sites if there are enough of them, else repeated stratified folds.

Folds are drawn over patients, once for all heads and landmarks, so that no patient is ever on both sides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from features.protocol.problems import InputRefusedError, Problem
from features.records.timeline import Mask
from training.config import TrainingConfig

FEWEST_PATIENTS = 2


@dataclass(frozen=True, eq=False)
class Folds:
    """``fold`` (repeats, patients) numbers the fold in which a patient is held out; ``names`` (folds,) are shown.

    ``site`` (patients,) holds the codes of the patients' sites.
    """

    kind: str
    fold: NDArray[np.intp]
    names: tuple[str, ...]
    site: NDArray[np.int32]

    @property
    def repeats(self) -> int:
        """How often every patient is held out."""
        return len(self.fold)


def draw_folds(
    outcome: NDArray[np.intp], site: NDArray[np.int32], site_names: tuple[str, ...], config: TrainingConfig
) -> Folds:
    """Folds for patients with a known outcome class (1 event, 0 none, -1 not observed), shapes (patients,).

    Raises ``InputRefusedError`` for fewer patients than can be held out from one another.
    """
    if len(outcome) < FEWEST_PATIENTS:
        required = f"at least {FEWEST_PATIENTS} patients, one to fit on and one to evaluate on; before a candidate is "
        required += f"fitted, {config.events_to_fit} with an outcome of either kind"
        raise InputRefusedError([Problem("cohort", None, None, required, f"{len(outcome)}")])
    large = [code for code in range(len(site_names)) if _enough(outcome[site == code], config.site_events)]
    if len(large) >= config.fewest_site_folds:
        return _site_folds(site, site_names, large)
    known = max(int((outcome >= 0).sum()), 1)
    repeats = int(np.clip(config.patients_held_out // known, config.fewest_repeats, config.most_repeats))
    folds = min(config.folds, len(outcome))
    fold = np.empty((repeats, len(outcome)), dtype=np.intp)
    for repeat in range(repeats):
        splitter = StratifiedKFold(folds, shuffle=True, random_state=config.seed + repeat)
        for number, (_, held) in enumerate(splitter.split(outcome, _merge_rare(outcome, folds))):
            fold[repeat, held] = number
    return Folds("patients", fold, tuple(f"fold {number + 1}" for number in range(folds)), site)


def _enough(outcome: NDArray[np.intp], events: int) -> bool:
    return min(int((outcome == 1).sum()), int((outcome == 0).sum())) >= events


def _site_folds(site: NDArray[np.int32], site_names: tuple[str, ...], large: list[int]) -> Folds:
    """A fold per large site, and one for all the others together."""
    fold = np.full(len(site), len(large), dtype=np.intp)
    for number, code in enumerate(large):
        fold[site == code] = number
    names = [site_names[code] for code in large]
    if (fold == len(large)).any():
        names.append("the smaller sites")
    return Folds("sites", fold[None, :], tuple(names), site)


def _merge_rare(outcome: NDArray[np.intp], folds: int) -> NDArray[np.intp]:
    """Outcome classes too rare to be in every fold are stratified as one, and with the most frequent if still rare."""
    values, counts = np.unique(outcome, return_counts=True)
    rare = values[counts < folds]
    merged = np.where(np.isin(outcome, rare), -1, outcome)
    return merged if (merged == -1).sum() >= folds else np.where(merged == -1, values[np.argmax(counts)], merged)


def held_out(folds: Folds, repeat: int, number: int) -> Mask:
    """Flags of the patients held out in one fold of one repeat."""
    return np.asarray(folds.fold[repeat] == number)
