"""Ratings of scales: those that Observations hold and those of answered forms; each rating counts once.

An Observation and the form that it was derived from are one rating, and so are two of one moment. With equal scores one
counts; with others both are refused. What makes a score is left to `rated_forms`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import MOST_ISSUES, LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.observed_forms import ObservedForms
from serving.fhir.reading.questionnaires import AnsweredForms
from serving.fhir.reading.rated_forms import RatedForm


def read_ratings(located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> list[SourcedRow]:
    """The rows of ``assessments``, from Observations and QuestionnaireResponses."""
    forms = [*ObservedForms(located, context, notes).read(), *AnsweredForms(located, context, notes).read()]
    scored = [(form, row) for form in forms if (row := form.row(context.protocol, notes)) is not None]
    dropped = _repeats(scored, notes)
    return [row for number, (_, row) in enumerate(scored) if number not in dropped]


def _repeats(scored: Sequence[tuple[RatedForm, SourcedRow]], notes: ReadingNotes) -> set[int]:
    """The places of rows that repeat another; two scores for one rating are refused."""
    dropped: set[int] = set()
    for one, other in _pairs([form for form, _ in scored], dropped):
        if len(notes.issues) > MOST_ISSUES:
            break
        if one in dropped or other in dropped or not _is_one_rating(scored[one][0], scored[other][0]):
            continue
        rows = scored[one][1], scored[other][1]
        if rows[0].cells["score"] != rows[1].cells["score"]:
            for row in rows:
                required = "one score for one rating, which was sent twice"
                notes.refuse("invariant", row.cells_from["score"], required, "two scores")
            continue
        # The one with more cells is kept: items tell more than a total.
        kept, left = (one, other) if len(rows[0].cells) >= len(rows[1].cells) else (other, one)
        dropped.add(left)
        notes.leave_out(scored[left][1].expression, f"the same rating as {scored[kept][1].expression}; it counts once")
    return dropped


def _pairs(forms: Sequence[RatedForm], dropped: Set[int]) -> Iterator[tuple[int, int]]:
    """The places of forms that may be one rating: of a scale, and of one day or from one resource.

    Only these are compared, and none with one that was ``dropped`` meanwhile, so that a long course takes no longer
    than its days.
    """
    buckets: dict[tuple[str, object], list[int]] = defaultdict(list)
    for place, form in enumerate(forms):
        for key in (form.date.day, *form.sources):
            buckets[form.instrument, key].append(place)
    for one, form in enumerate(forms):
        if one not in dropped:
            near = {other for key in (form.date.day, *form.sources) for other in buckets[form.instrument, key]}
            yield from ((one, other) for other in sorted(near) if other > one)


def _is_one_rating(one: RatedForm, other: RatedForm) -> bool:
    """Whether two forms are one rating: by what they were made from, or by the moment, which a day may hold."""
    if one.instrument != other.instrument:
        return False
    if one.sources & other.sources:
        return True
    moments = one.date.moment, other.date.moment
    return one.date.day == other.date.day and (None in moments or moments[0] == moments[1])
