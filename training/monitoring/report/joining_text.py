"""The result of joining outcomes to predictions, in one line for all landmarks, with a warning without any match.

The line sums the numbers in the tables, so that it discloses no more than they do.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from training.monitoring.statistics.document import Calibration, Count
from training.monitoring.statistics.joined import NO_SUCH_PATIENT, NOT_SETTLED, WITH_OUTCOME

WORDS = {NO_SUCH_PATIENT: "not in the folder", NOT_SETTLED: "found but not settled yet"}
NO_PATIENT_FOUND = (
    "WARNING: none of the patients is in the folder of outcomes. Check the folder, and that its patient_id equals the "
    "patient_ref of the requests."
)
NO_OUTCOME_YET = "WARNING: no prediction has an outcome yet, so that calibration can't be evaluated."


def joining(calibration: Sequence[Calibration]) -> Iterator[str]:
    """A warning where no patient could be joined, and the counts of joined and unjoined predictions."""
    counts = _of_predictions(calibration)
    if not counts:
        return
    reasons = {reason for count in counts for reason in (count.reason, *count.few)}
    if reasons == {NO_SUCH_PATIENT}:
        yield NO_PATIENT_FOUND
    elif WITH_OUTCOME not in reasons:
        yield NO_OUTCOME_YET
    yield f"Outcomes: {'; '.join(_tallied(counts))}."


def _of_predictions(calibration: Sequence[Calibration]) -> list[Count]:
    """The counts of one head at each landmark: of remission, which is settled first, where there is such a head."""
    by_landmark: dict[str, Calibration] = {}
    for one in calibration:
        if one.head == "remission" or one.landmark not in by_landmark:
            by_landmark[one.landmark] = one
    return [count for one in by_landmark.values() for count in one.joined]


def _tallied(counts: Sequence[Count]) -> Iterator[str]:
    """Numbers by reason over all landmarks, having an outcome first, then by size; those of a few last."""
    tally, few = Counter[str](), Counter[str]()
    for count in counts:
        few.update(count.few)
        if count.patients is None:
            few[count.reason] += 1
        else:
            tally[count.reason] += count.patients
    for reason, number in sorted(tally.items(), key=lambda item: (item[0] != WITH_OUTCOME, -item[1])):
        yield f"{number:,} {_text(reason)}"
    for reason, landmarks in few.items():
        where = f" at each of {landmarks} landmarks" if landmarks > 1 else ""
        more = " more" if reason in tally else ""
        yield f"fewer than 5{more}{where} {_text(reason)}"


def _text(reasons: str) -> str:
    return " or ".join(WORDS.get(reason, reason) for reason in reasons.split("; "))
