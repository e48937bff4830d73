"""Draws a SYNTHETIC KAP cohort in the intake format, together with its true risks. It contains no real patient.

The mechanism, with every number and its source in ``mechanism``:

* A patient has recorded columns, a latent baseline severity and a latent amplitude of response, Gaussian within a
  trajectory class (improvement, chronic, delayed) and a severity stratum. Every recorded column has a small effect.
* A rating is severity minus amplitude times the share reached after the doses so far (with a passing dip after each
  dose), plus noise, rounded and clipped to its scale, in the same units on every scale.
* The number of sessions depends on site and recorded columns, the observation of the deciding rating on site and
  earlier ratings. Relapse is a frailty hazard among those in remission. Maintenance halves it and goes to patients
  with more residual symptoms.

So the probability of remission and of relapse given the record at a landmark can be computed exactly
(``truth``), and a model can be evaluated against it, which no real cohort allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from training.simulation import tables
from training.simulation.course import Course, draw_course
from training.simulation.follow_up import FollowUp, draw_follow_up
from training.simulation.patients import SCALES, SyntheticPatients, draw_patients, draw_sites
from training.simulation.truth import WEEKS, Truth, true_risks

TABLES = ("patients", "prior_treatments", "sessions", "assessments", "events")
LANDMARKS = ("before session 1", "before session 2", "before session 3")

PROTOCOL_TOML = """\
# Protocol of a SYNTHETIC cohort: the default KAP rules.
name = "kap-synthetic"

[[landmarks]]
name = "before session 1"
before_session = 1

[[landmarks]]
name = "before session 2"
before_session = 2

[[landmarks]]
name = "before session 3"
before_session = 3
else_days = 14

[acute]
max_days = 42

[remission]
instrument = ["gad7", "hama", "lsas", "pdss", "pcl5", "ybocs"]
anchor = "last_acute_session"
window_days = [7, 31]
require_reliable_drop = true

[relapse]
rule = "score"
confirm_within_days = [7, 28]
events = ["relapse", "hospitalisation", "rescue_ketamine", "medication_increase"]

[sustained_remission]
horizons_days = [84, 182]
"""

README = """\
This is a SYNTHETIC cohort of {patients} invented patients of {sites} invented sites (seed {seed}).

No real person is in it. `kap` drew it from a written-down mechanism (`training/simulation/mechanism.py`).
A model fitted on it says nothing about ketamine-assisted psychotherapy.

`truth.parquet` holds, for every patient and landmark reached, the true probability of remission given the record at the
landmark (`true_remission`) and the true cumulative probability, given remission, that a relapse has begun by the end of
each week after the remission reading (`true_relapse_week_1` to `true_relapse_week_52`): the onset, before a visit
detects it, and without competing events. Training never reads it.
"""

MARK = {"synthetic": "true", "note": "invented patients, drawn from a written-down mechanism"}
"""Metadata of every Parquet file."""


@dataclass(frozen=True)
class SyntheticCohort:
    """A synthetic cohort: the five tables of the intake format, its protocol, and the truth behind them.

    ``truth`` has one row per patient and landmark reached: ``patient_id``, ``landmark``, ``landmark_day``,
    ``true_remission`` and ``true_relapse_week_1`` to ``_52`` (probabilities). ``would_be`` has one row per patient
    with what was drawn, observed or not (deciding reading, remission, relapse onset in days after it, class); it is
    never written.
    """

    patients: pd.DataFrame
    prior_treatments: pd.DataFrame
    sessions: pd.DataFrame
    assessments: pd.DataFrame
    events: pd.DataFrame
    truth: pd.DataFrame
    would_be: pd.DataFrame
    protocol_toml: str
    readme: str


def _truth_table(truths: tuple[Truth, Truth, Truth], ids: pd.Series) -> pd.DataFrame:
    reached = [np.flatnonzero(truth.reached) for truth in truths]
    rows = np.concatenate(reached)
    landmark = np.repeat(np.arange(len(LANDMARKS)), [len(part) for part in reached])
    order = np.lexsort([landmark, rows])
    pairs = list(zip(truths, reached, strict=True))
    curves = np.concatenate([truth.relapse[part] for truth, part in pairs])[order].astype(np.float32)
    frame = pd.DataFrame(
        {
            "patient_id": ids.take(rows[order]).to_numpy(),
            "landmark": pd.Series(np.array(LANDMARKS, object)[landmark[order]], dtype="str"),
            "landmark_day": np.concatenate([truth.day[part] for truth, part in pairs])[order].astype(np.int64),
            "true_remission": np.concatenate([truth.remission[part] for truth, part in pairs])[order],
        }
    )
    weeks = pd.DataFrame(curves, columns=[f"true_relapse_week_{week}" for week in range(1, WEEKS + 1)])
    return pd.concat([frame, weeks], axis=1)


def _would_be_table(patients: SyntheticPatients, course: Course, follow_up: FollowUp, ids: pd.Series) -> pd.DataFrame:
    follow_up_outcome = follow_up.follow_up_outcome
    names = np.array(["improvement", "chronic", "delayed"], object)
    return pd.DataFrame(
        {
            "patient_id": ids,
            "instrument": np.array(SCALES, object)[patients.scale],
            "trajectory": names[patients.latent.trajectory],
            "sessions_planned": course.planned,
            "sessions_received": course.received,
            "baseline": course.baseline,
            "deciding_day": course.deciding_day,
            "deciding_score": course.deciding_score,
            "deciding_observed": follow_up.deciding_observed,
            "remission": follow_up_outcome.remitted,
            "maintenance": follow_up_outcome.maintenance,
            "onset_days": np.where(
                follow_up_outcome.remitted, follow_up_outcome.onset_day - course.deciding_day, np.nan
            ),
        }
    )


def simulate_cohort(patients: int, sites: int, seed: int) -> SyntheticCohort:
    """A synthetic cohort; the same seed gives the same cohort.

    Raises ``ValueError`` unless there is at least one patient and one site.
    """
    if patients < 1 or sites < 1:
        raise ValueError("a synthetic cohort needs at least one patient and one site")
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn_sites = draw_sites(sites, rng)
    drawn = draw_patients(patients, drawn_sites, rng)
    course = draw_course(drawn, drawn_sites, rng)
    follow_up = draw_follow_up(drawn, course, drawn_sites, rng)
    ids = tables.synthetic_ids(patients)
    return SyntheticCohort(
        patients=tables.patients_table(drawn, ids),
        prior_treatments=tables.prior_treatments_table(drawn, ids, rng),
        sessions=tables.identified(
            tables.sessions_table(drawn, course, follow_up, drawn_sites, rng), ids, ("kind", "day")
        ),
        assessments=tables.identified(tables.assessments_table(drawn, course, follow_up), ids, ("day", "instrument")),
        events=tables.identified(tables.events_table(course, follow_up, rng), ids, ("day", "event")),
        truth=_truth_table(true_risks(drawn, course, drawn_sites), ids),
        would_be=_would_be_table(drawn, course, follow_up, ids),
        protocol_toml=PROTOCOL_TOML,
        readme=README.format(patients=patients, sites=sites, seed=seed),
    )


def _write_csv(table: pa.Table, path: Path) -> None:
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))


def _write_parquet(table: pa.Table, path: Path) -> None:
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), **MARK})
    pyarrow.parquet.write_table(marked, path, compression="zstd")


def write_cohort(cohort: SyntheticCohort, directory: Path, format: Literal["csv", "parquet"] = "csv") -> None:  # noqa: A002
    """Writes the five tables, ``protocol.toml``, ``truth.parquet`` and a ``README.md`` into ``directory``.

    Existing files of these names are replaced. The same cohort always gives the same bytes.
    """
    writers: dict[str, Callable[[pa.Table, Path], None]] = {"csv": _write_csv, "parquet": _write_parquet}
    directory.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        table = pa.Table.from_pandas(getattr(cohort, name), preserve_index=False)
        writers[format](table, directory / f"{name}.{format}")
    _write_parquet(pa.Table.from_pandas(cohort.truth, preserve_index=False), directory / "truth.parquet")
    (directory / "protocol.toml").write_text(cohort.protocol_toml, encoding="utf-8")
    (directory / "README.md").write_text(cohort.readme, encoding="utf-8")
