"""What is to know of candidates besides their losses: which were not fitted, which can't be promoted, and why."""

from collections.abc import Iterator

from training.evidence.document import Evidence
from training.report.wording import CANDIDATES, in_a_sentence


def candidate_notes(evidence: Evidence) -> Iterator[str]:
    """A sentence per candidate and reason, with the heads it is about."""
    absent: dict[tuple[str, str], list[str]] = {}
    research: dict[tuple[str, str], list[str]] = {}
    heads = [(f"{head.head} {landmark.name}", head) for landmark in evidence.landmarks for head in landmark.heads]
    for where, head in heads:
        for name, why in head.absent.items():
            absent.setdefault((name, why), []).append(where)
        for one in head.candidates:
            if one.research_only:
                research.setdefault((one.name, one.research_only), []).append(where)
    for (name, why), found in absent.items():
        yield f"Not fitted: {CANDIDATES.get(name, name)}, for {_named(found, len(heads))}: {why}."
    for (name, why), found in research.items():
        yield (
            f"Research only: {CANDIDATES.get(name, name)}, for {_named(found, len(heads))}: it was compared, but no "
            f"version with it can be promoted: {why}."
        )


def _named(found: list[str], heads: int) -> str:
    return "every head" if len(found) == heads and heads > 1 else in_a_sentence(found)
