"""A replay in sentences and small tables."""

from collections.abc import Iterator

from features.protocol.shortening import shortened
from training.replay.summary import QUANTILES, AnswerChange, Changes, LargestChange, Summary

_HEADS = ("question", "by both", "differ", "mean", *(f"{quantile:.0%}" for quantile in QUANTILES))


def as_text(found: Summary, candidate: str) -> str:
    """The answers of a version to logged rows, compared with the logged answers."""
    repeated = found.logged - sum(one.predictions for one in found.left_out)
    lines = [f"version {candidate} repeated {repeated} of {found.logged} logged predictions"]
    lines += [f"{one.predictions:>8}  left out: {one.why}{_named(one.features)}" for one in found.left_out]
    if found.unknown_models:
        digests = ", ".join(shortened([digest[:12] for digest in found.unknown_models]))
        lines.append(f"models that are in no store: {digests}; whether their features mean the same was not checked")
    for changes in found.changes if repeated else ():
        lines += ["", *_changes(changes, found.differ_by)]
    if found.largest:
        lines += ["", "the largest changes:", *map(_largest, found.largest)]
    return "\n".join(lines)


def _named(features: tuple[str, ...]) -> str:
    return f" ({', '.join(shortened(features))})" if features else ""


def _changes(changes: Changes, differ_by: float) -> Iterator[str]:
    yield f"Of {changes.unit} ({changes.predictions}):"
    yield f"  {_share(changes.differ, changes.predictions)} with a probability that changes by more than {differ_by:g}"
    yield f"  {changes.no_longer} with a logged prediction only, {changes.newly} with a new prediction only"
    for crossing in changes.crossings:
        yield f"  {crossing.predictions} go from {crossing.before} to {crossing.now}"
    if any(question.both for question in changes.questions):
        yield f"  change (new - logged) where both predict: number above {differ_by:g}, mean,"
        yield "  and quantiles from the lowest to the highest"
        yield _row(_HEADS)
        yield from (_row(_cells(question)) for question in changes.questions if question.both)
    for question in changes.questions:
        if question.only_before or question.only_now:
            yield f"  {question.question}: {question.only_before} logged only, {question.only_now} new only"


def _share(number: int, of: int) -> str:
    return f"{number} ({number / of:.1%})" if of else str(number)


def _cells(question: AnswerChange) -> tuple[str, ...]:
    changes = [f"{change:+.3f}" for change in (question.mean or 0.0, *question.quantiles)]
    return (question.question, str(question.both), str(question.differ), *changes)


def _row(cells: tuple[str, ...]) -> str:
    return f"  {cells[0]:<16}" + "".join(f"{cell:>8}" for cell in cells[1:])


def _largest(change: LargestChange) -> str:
    difference = change.now - change.before
    numbers = f"{change.before:.3f} -> {change.now:.3f} ({difference:+.3f})"
    return f"  {change.prediction_id}  {change.at[:19]}  {change.landmark}  {change.question} {numbers}"
