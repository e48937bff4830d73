"""Natural frequencies: the outcomes of 100 patients as whole numbers, from observed proportions."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.evidence.document import LandmarkEvidence, Question


@dataclass(frozen=True)
class NaturalFrequencies:
    """Of 100 patients, how many have each outcome. ``basis`` says what the proportions are."""

    among: str
    counts: tuple[tuple[str, int], ...]
    basis: str


def natural_frequencies(landmark: LandmarkEvidence) -> NaturalFrequencies | None:
    """The outcomes at a landmark; of those in remission where everyone is, ``None`` where too little was observed."""
    remission = _longest(landmark, "remission")
    sustained, relapse = _longest(landmark, "sustained"), _longest(landmark, "relapse")
    if remission and sustained:
        return _with_remission(remission, sustained)
    if remission and remission.n:
        share = _share(remission)
        labels = ("in remission", "not in remission")
        return _counts_of_100("patients", labels, (share, 1 - share), (remission,))
    if relapse and relapse.n:
        share = _share(relapse)
        labels = (f"no relapse within {relapse.horizon_days} days", f"relapse within {relapse.horizon_days} days")
        return _counts_of_100("patients in remission", labels, (1 - share, share), (relapse,))
    return None


def frequencies(proportions: Sequence[float]) -> list[int]:
    """Proportions as counts that sum to 100, by largest remainder; the first of equal remainders is rounded up.

    ``proportions`` are not negative and not all 0.
    """
    exact = [100 * share / sum(proportions) for share in proportions]
    counts = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda place: counts[place] - exact[place])
    for place in order[: 100 - sum(counts)]:
        counts[place] += 1
    return counts


def _with_remission(remission: Question, sustained: Question) -> NaturalFrequencies | None:
    if not (remission.n and sustained.n):
        return None
    reached = _share(remission)
    kept = min(_share(sustained), reached)
    labels = (
        f"in remission, and still {sustained.horizon_days} days later",
        f"in remission, then a relapse, a new treatment or death within {sustained.horizon_days} days",
        "not in remission",
    )
    return _counts_of_100("patients", labels, (kept, reached - kept, 1 - reached), (remission, sustained))


def _counts_of_100(
    among: str, labels: tuple[str, ...], proportions: tuple[float, ...], questions: tuple[Question, ...]
) -> NaturalFrequencies:
    weighted = all(question.observed_rate is not None for question in questions)
    answered = " and ".join(f"{question.n:,}" for question in questions)
    basis = (
        f"Observed proportions, weighted so that the {answered} patients with an observed outcome represent all."
        if weighted
        else f"Observed proportions among the {answered} patients with an answer, not weighted."
    )
    return NaturalFrequencies(among, tuple(zip(labels, frequencies(proportions), strict=True)), basis)


def _share(question: Question) -> float:
    rate = question.observed_rate
    return min(max(rate if rate is not None else question.events / question.n, 0.0), 1.0)


def _longest(landmark: LandmarkEvidence, head: str) -> Question | None:
    asked = [question for question in landmark.questions if question.head == head]
    return max(asked, key=lambda question: question.horizon_days or 0, default=None)
