"""The daily dose of a medication in mg, where dose and frequency have one meaning.

As-needed doses, ranges, doses in tablets and events at clock times only have none.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from serving.fhir.elements.codings import amount, element, elements

_MG: Final = {"mg": 1.0, "g": 1e3, "ug": 1e-3}
_DAYS: Final = {"h": 1 / 24, "d": 1.0, "wk": 7.0}
_UNREAD: Final = frozenset({"frequencyMax", "periodMax", "count", "countMax", "dayOfWeek"})


def daily_mg(dosages: Sequence[Mapping[str, Any]]) -> float | None:
    """The mg a day of all dosages of a medication together; ``None`` if one of them has no single meaning.

    >>> dose = {"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}]}
    >>> daily_mg([dose | {"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}])
    10.0
    """
    steps = {dosage.get("sequence") for dosage in dosages}
    parts = [_daily_mg(dosage) for dosage in dosages]
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) and len(steps) == 1 else None


def _daily_mg(dosage: Mapping[str, Any]) -> float | None:
    doses = elements(dosage, "doseAndRate")
    repeat = element(dosage, "timing", "repeat")
    if len(doses) != 1 or dosage.get("asNeededBoolean") or "asNeededCodeableConcept" in dosage:
        return None
    dose = amount(element(doses[0], "doseQuantity"), _MG)
    period, unit = repeat.get("period"), repeat.get("periodUnit")
    if dose is None or not period or unit not in _DAYS or repeat.keys() & _UNREAD:
        return None
    return dose * float(repeat.get("frequency", 1)) / (float(period) * _DAYS[unit])
