"""The limits of a model in sentences: for whom and for what it is not, and what its evidence says against it."""

from collections.abc import Iterator

from training.evidence.document import Evidence

NOT_FOR_WHOM = (
    "Patients unlike the training patients (outside the applicability) get no answer; those at the edge get a mark.",
    "It predicts an outcome; it does not say which treatment is better.",
    "It is not a medical device.",
)
"""What holds for every model."""


def limits(evidence: Evidence) -> Iterator[str]:
    """The caveats, the heads that give everybody the average or have too few patients, and what leakage checks say."""
    yield from evidence.caveats
    for landmark in evidence.landmarks:
        for head in landmark.heads:
            if head.winner == "no_model":
                yield f"{landmark.name}, {head.head}: every patient gets the average: no candidate was reliably better"
            if head.sample_size is not None and head.sample_size.met is False:
                yield f"{landmark.name}, {head.head}: fewer patients than the model's parameters need"
    for check in evidence.leakage:
        if not check.passed or check.warning:
            yield f"leakage check {check.name}: {check.verdict}"
