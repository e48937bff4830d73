"""Whether this installation, given the data, gets the same model and evidence.

On another processor family the last digits of linear algebra may differ. The verdict says so, and predictions are
compared within 1e-6 instead of bytes.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import FeatureRows, build_features
from features.protocol.problems import InputRefusedError
from features.protocol.shortening import listed
from features.records.cohort import Cohort
from models.bundle import Bundle, BundleRefusedError, load_bundle, save_bundle
from models.fitting.regression import CONVERGED
from training.arithmetic import arithmetic
from training.audit.evidence import evidence_verdict, recorded_source
from training.cohort.file_names import IMPORT_RECORD
from training.cohort.parts.whole import read_whole
from training.config import TrainingConfig
from training.experiment.records import held_out_table
from training.experiment.retraining import Retraining, redo_update, retrain
from training.experiment.train import CUT_SHORT, Announce
from training.learning.own_candidates.resolution import other_origins
from training.outcomes.digests import features_digest, outcomes_digest
from training.outcomes.labels import derive_outcomes
from training.plausibility.cohort_check import IMPORT_DIGEST
from training.provenance import CANDIDATE, Provenance, collect_provenance
from training.registry.artifacts import HELD_OUT
from training.registry.seal import SealedItem, digest_of
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed, verdict_of

ELSEWHERE = 10 * CONVERGED
"""Largest difference of a prediction between processor families: 1e-6 of a probability, far below any meaning.

A fit stops within ``CONVERGED`` of its solution, and where rounding differs it may stop elsewhere within it. Two
fits then differ by up to twice as much in a coefficient, and a prediction adds up several: ten times leaves room.
"""
DATA_CHECKS = ("cohort", "outcomes and features", "retraining", "held-out predictions", "evidence again")
UPDATE = "update"


@dataclass(frozen=True)
class Machine:
    """The training's machine and this one; ``elsewhere`` if the last digits may differ."""

    then: str
    now: str

    @property
    def elsewhere(self) -> bool:
        """Whether bytes may differ."""
        return self.then != self.now


def machine_of(stored: StoredTraining, here: Provenance) -> Machine:
    """The recorded arithmetic and that of this process; a record without one counts as the same."""
    then, now = stored.tags.get("machine", here.machine), here.machine
    if "blas" in stored.tags:
        then, now = f"{then}; {stored.tags['blas']}", f"{now}; {arithmetic()}"
    return Machine(then, now)


def environment_verdicts(stored: StoredTraining) -> list[Verdict]:
    """Whether code, Python and packages are the training's; another processor is reported and passes."""
    provenance = collect_provenance()
    here, then = provenance.as_tags(), stored.tags
    same = then.get("sources_digest") == here["sources_digest"]
    commit = f"commit {then.get('commit', 'unknown')[:12]}"
    commit += ", of a working copy with changes" if then.get("modified") == "True" else ""
    later = "" if then.get("commit") == here["commit"] else f"; now commit {here['commit'][:12]} with the same sources"
    other = "the present sources differ from those of the training, so a retraining is weaker evidence"
    wanted = sorted(key for key in then if key in ("python", "lock_digest") or key.startswith("package."))
    wrong = [
        f"{key}: training {then[key][:20]}, now {here.get(key, 'none')[:20]}"
        for key in wanted
        if then[key] != here.get(key)
    ]
    wrong += _other_candidates(stored)
    machine = machine_of(stored, provenance)
    processor = f"on another processor, {machine.then}" if machine.elsewhere else machine.now
    return [
        passed("code", commit + later) if same else failed("code", f"{other} ({_both_commits(then, here, commit)})"),
        verdict_of(
            "environment", wrong, f"Python {here['python']}, {len(wanted)} locked versions; trained {processor}"
        ),
    ]


def _both_commits(then: Mapping[str, str], here: Mapping[str, str], recorded: str) -> str:
    """The recorded code and the present one, and how to come back to the former."""
    now = f"commit {here['commit'][:12]}" + (", of a working copy with changes" if here["modified"] == "True" else "")
    named = then.get("commit", "unknown")
    if named == "unknown":
        return f"{recorded}; now {now}. Install the release of the training to check with its code"
    back = f"git checkout {named[:12]}"
    if then.get("modified") == "True":
        return f"{recorded}; now {now}. {back} comes closest; its changes were not recorded"
    return f"{recorded}; now {now}. To check with the code of the training: {back}, then make setup"


def _other_candidates(stored: StoredTraining) -> list[str]:
    """Candidates of other packages that are not here, or in another version."""
    if not any(tag.startswith(CANDIDATE) for tag in stored.tags):
        return []
    recorded = stored.loaded_bundle
    return [] if recorded is None else other_origins(recorded.training.get("candidates", {}))


def retraining_verdicts(stored: StoredTraining, data: Path | None, workers: int, announce: Announce) -> list[Verdict]:
    """The verdicts on the cohort, its outcomes and features, and the retraining; not checked without data."""
    why = _unable(stored, data)
    if why or data is None:
        return [not_checked(check, why) for check in DATA_CHECKS]
    recorded = stored.loaded_bundle
    if recorded is None:
        return [not_checked(check, "the bundle does not load") for check in DATA_CHECKS]
    cohort = read_whole(data, recorded.protocol).cohort
    if cohort.digest != stored.tags.get("cohort_digest"):
        other = "this is not the cohort of the training"
        return [failed("cohort", other), *(not_checked(check, other) for check in DATA_CHECKS[1:])]
    same = passed("cohort", f"{len(cohort)} patients, digest {cohort.digest}{import_beside(data, stored)}")
    derived = _derived_verdict(stored, cohort)
    config = _settings(recorded)
    unrepeatable = _unrepeatable(recorded, config)
    if config is None or unrepeatable:
        return [same, derived, *(not_checked(check, unrepeatable) for check in DATA_CHECKS[2:])]
    try:
        again = _again(stored, recorded, cohort, announce, workers)
    except (InputRefusedError, BundleRefusedError) as error:
        why = f"it can't be repeated: {_reason(error)}"
        return [same, derived, failed(DATA_CHECKS[2], why), *(not_checked(check, why) for check in DATA_CHECKS[3:])]
    machine = machine_of(stored, collect_provenance())
    return [
        same,
        derived,
        retraining_verdict(recorded, again.bundle, cohort, machine),
        _held_out_verdict(stored, again, machine),
        evidence_verdict(stored, again.evidence, machine.elsewhere),
    ]


def _again(stored: StoredTraining, recorded: Bundle, cohort: Cohort, announce: Announce, workers: int) -> Retraining:
    """The training or update again. Raises ``InputRefusedError`` and ``BundleRefusedError`` as these do."""
    source = recorded_source(stored)
    if stored.tags["level"] == UPDATE:
        parent = load_bundle(stored.parent) if stored.parent else None
        return redo_update(recorded, parent, cohort, source, announce, workers)
    config = TrainingConfig.from_parameters(recorded.training["settings"])
    return retrain(recorded, cohort, config, source, announce, workers)


def _unrepeatable(recorded: Bundle, config: TrainingConfig | None) -> str:
    """Why this installation can't repeat the training; empty if it can."""
    if config is None:
        return "this installation has other settings than were recorded"
    cut_short = recorded.training.get(CUT_SHORT, 0)
    if not cut_short:
        return ""
    return (
        f"the time limit of {config.tuning.time_limit_seconds:g} seconds ended {cut_short} searches for parameters "
        "before their last trial; how many trials fit into a time depends on the machine, so that a retraining gives "
        "another model"
    )


def _reason(error: Exception) -> str:
    """Every problem of a refused input, or the message of another error."""
    if not isinstance(error, InputRefusedError):
        return str(error)
    return "; ".join(
        f"{' '.join(filter(None, (each.place, each.column)))}: required {each.required}; found {each.found}"
        for each in error.problems
    )


def import_beside(data: Path, stored: StoredTraining) -> str:
    """Whether the cohort's folder has the record of the import that the training names; empty if it names none."""
    recorded, path = stored.tags.get(IMPORT_DIGEST), data / IMPORT_RECORD
    if recorded is None:
        return ""
    if not path.is_file():
        return f"; its folder has no {IMPORT_RECORD}"
    same = digest_of(path.read_bytes()) == recorded
    return f"; its folder has {'the' if same else 'another'} {IMPORT_RECORD} {'of' if same else 'than'} the training"


def _unable(stored: StoredTraining, data: Path | None) -> str:
    if stored.tags.get("level") not in ("training", UPDATE):
        return "the run is neither a training nor an update"
    return "" if data else "the cohort was not given (--data)"


def _derived_verdict(stored: StoredTraining, cohort: Cohort) -> Verdict:
    """Outcomes and features of every landmark have the digests that were recorded."""
    check = DATA_CHECKS[1]
    if stored.tags["level"] == UPDATE:
        return does_not_apply(check, "an update records no digests of them")
    wrong, lacking = [], []
    for landmark in cohort.protocol.landmarks:
        tags = stored.landmark_tags.get(landmark.name, {})
        derived = {
            "outcomes_digest": outcomes_digest(derive_outcomes(cohort, landmark)),
            "features_digest": features_digest(build_features(cohort, landmark)),
        }
        lacking += [f"{name} of {landmark.name}" for name in derived if name not in tags]
        different = [name for name in derived if tags.get(name, derived[name]) != derived[name]]
        wrong += [f"{name} of {landmark.name} differs" for name in different]
    if lacking and not wrong:
        return not_checked(check, f"not recorded: {listed(lacking)}")
    number = len(cohort.protocol.landmarks)
    return verdict_of(check, wrong, f"derived again at {number} landmarks, all digests as recorded")


def _settings(recorded: Bundle) -> TrainingConfig | None:
    """The settings that the bundle was fitted with; ``None`` if this installation lacks one of them."""
    try:
        return TrainingConfig.from_parameters(recorded.training["settings"])
    except (KeyError, TypeError, AttributeError):
        return None


def retraining_verdict(recorded: Bundle, again: Bundle, cohort: Cohort, machine: Machine) -> Verdict:
    """Whether the retraining gave the same bytes or, on another processor, predictions within ``ELSEWHERE``."""
    check = DATA_CHECKS[2]
    with tempfile.TemporaryDirectory() as scratch:
        digest = save_bundle(again, Path(scratch) / "bundle")
    if digest == recorded.digest:
        return passed(check, f"the same bundle byte for byte, {digest}")
    largest = largest_difference(recorded, again, [build_features(cohort, model.landmark) for model in again.models])
    if not machine.elsewhere:
        return failed(check, f"another bundle, {digest}; its predictions differ by up to {largest:.1e}")
    said = (
        f"trained on another processor ({machine.then}; now {machine.now}), which rounds linear algebra differently: "
        f"bytes differ, predictions by at most {largest:.1e} (allowed {ELSEWHERE:.0e})"
    )
    return passed(check, said) if largest <= ELSEWHERE else failed(check, said)


def largest_difference(recorded: Bundle, again: Bundle, features: list[FeatureRows]) -> float:
    """The largest difference of two bundles' probabilities on a cohort; infinite if only one of them predicts.

    ``features`` are the cohort's rows at each landmark.
    """
    largest = 0.0
    for first, second, rows in zip(recorded.models, again.models, features, strict=True):
        reached = rows.values[~np.isnan(rows.day)]
        one, two = first.predict(reached, with_curve=False), second.predict(reached, with_curve=False)
        for then, now in ((one.remission, two.remission), (one.relapse, two.relapse), (one.sustained, two.sustained)):
            largest = max(largest, _largest(then, now))
    return largest


def _largest(then: np.ndarray, now: np.ndarray) -> float:
    if then.shape != now.shape or not np.array_equal(np.isnan(then), np.isnan(now)):
        return np.inf
    difference = np.abs(then - now)
    return float(np.max(difference[~np.isnan(difference)], initial=0.0))


def _held_out_verdict(stored: StoredTraining, again: Retraining, machine: Machine) -> Verdict:
    """The table of held-out predictions, scored again; one that an audit package withholds is known by its digest."""
    check = DATA_CHECKS[3]
    if again.training is None:
        return does_not_apply(check, "an update records no table of them")
    with tempfile.TemporaryDirectory() as scratch:
        held_out_table(again.training).to_parquet(Path(scratch) / HELD_OUT, index=False)
        scored, digest = pd.read_parquet(Path(scratch) / HELD_OUT), digest_of((Path(scratch) / HELD_OUT).read_bytes())
    item = SealedItem(stored.run_id, "artifact", HELD_OUT)
    if item in stored.withheld:
        return _withheld_verdict(len(scored), digest == stored.record.digests.get(item))
    try:
        recorded = pd.read_parquet(stored.artifacts / HELD_OUT)
    except (OSError, ValueError) as error:
        return failed(check, f"{HELD_OUT} can't be read: {type(error).__name__}")
    return _scored_verdict(recorded, scored, machine)


def _withheld_verdict(rows: int, same: bool) -> Verdict:
    """Whether the file scored again is the recorded one, of which only the digest is at hand."""
    check = DATA_CHECKS[3]
    if same:
        return passed(check, f"{rows} rows scored again; the file has the recorded digest, and is not in the package")
    why = "not in the package, and the file scored again has another digest; numbers can't be compared"
    return not_checked(check, f"{why}. Ask for a package with predictions (kap audit export --with-predictions)")


def _scored_verdict(recorded: pd.DataFrame, scored: pd.DataFrame, machine: Machine) -> Verdict:
    check = DATA_CHECKS[3]
    if list(recorded.columns) != list(scored.columns) or len(recorded) != len(scored):
        return failed(check, "the table scored again has other rows or columns")
    numbers = recorded.select_dtypes("number").columns
    texts = [name for name in recorded.columns if name not in numbers]
    if not recorded[texts].equals(scored[texts]):
        return failed(check, "the table scored again has other patients, folds or candidates")
    largest = _largest(recorded[numbers].to_numpy(np.float64), scored[numbers].to_numpy(np.float64))
    allowed = ELSEWHERE if machine.elsewhere else 0.0
    said = f"{len(recorded)} rows scored again, differing by at most {largest:.1e} (allowed {allowed:.0e})"
    return passed(check, said) if largest <= allowed else failed(check, said)
