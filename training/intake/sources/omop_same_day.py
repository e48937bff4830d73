"""What was measured on the day of a drug exposure without a link to it, and the last body weight before it.

Few data models fill the links between rows. So for each concept that its name makes a fact of a session, the highest
number of the day is offered beside the exposure, as ``same_day_ID``; and each body weight as ``weight_ID``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training.intake.sources.omop_names import guess
from training.intake.sources.omop_tables import ArrowTable

_NEEDED = ("person_id", "measurement_concept_id", "measurement_date", "value_as_number")


def same_day_columns(exposures: ArrowTable, measured: ArrowTable | None, names: Mapping[int, str]) -> dict[str, Any]:
    """Columns of the exposures: ``same_day_ID`` and ``weight_ID``, null where nothing was measured."""
    if measured is None or not all(name in measured.column_names for name in _NEEDED):
        return {}
    facts = [number for number, name in names.items() if guess("session", name)]
    weights = [number for number, name in names.items() if guess("weight", name)]
    events = _with_day(exposures, ["person_id", "drug_exposure_start_date"])
    found = {}
    for number, rows in _by_concept(measured, facts):
        highest = rows.groupby(["person_id", "day"], as_index=False)["value_as_number"].max()
        found[f"same_day_{number}"] = events.merge(highest, "left", on=["person_id", "day"])["value_as_number"]
    for number, rows in _by_concept(measured, weights):
        found[f"weight_{number}"] = _last_before(events, rows)
    return {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in found.items()}


def _by_concept(measured: ArrowTable, numbers: Iterable[int]) -> list[tuple[int, pd.DataFrame]]:
    """The rows of each concept that have a number, a person and a date, and are linked to nothing."""
    kept = measured.filter(pc.is_in(measured.column("measurement_concept_id"), pa.array(list(numbers), pa.int64())))
    if "measurement_event_id" in kept.column_names:
        kept = kept.filter(pc.is_null(kept.column("measurement_event_id")))
    rows = _with_day(kept, list(_NEEDED)).dropna(subset=["person_id", "day", "value_as_number"])
    rows["value_as_number"] = pd.to_numeric(rows["value_as_number"], errors="coerce")
    return [(int(str(number)), part) for number, part in rows.groupby("measurement_concept_id")]


def _with_day(table: ArrowTable, names: list[str]) -> pd.DataFrame:
    """Some columns as a frame, with the date among them as ``day``."""
    frame = table.select(names).to_pandas()
    date = next(name for name in names if name.endswith("_date"))
    frame["day"] = pd.to_datetime(frame[date], errors="coerce").dt.normalize()
    return frame


def _last_before(events: pd.DataFrame, rows: pd.DataFrame) -> "pd.Series[float]":
    """The last number up to each event's day, in the order of the events."""
    ordered = events.reset_index().dropna(subset=["person_id", "day"]).sort_values("day")
    weighed = rows[["person_id", "day", "value_as_number"]].sort_values("day", kind="stable")
    merged = pd.merge_asof(
        ordered.astype({"person_id": "int64"}), weighed.astype({"person_id": "int64"}), on="day", by="person_id"
    )
    return merged.set_index("index")["value_as_number"].reindex(events.index)
