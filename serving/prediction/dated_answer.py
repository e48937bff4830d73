"""The landmark's date in an answer to a record that came in dates; the answer itself, and the log, have days only."""

import orjson

from serving.contract.calendar import CourseCalendar
from serving.contract.response import Document
from serving.prediction.answers import PREDICTED


def answer_in_dates(answer: bytes | str, calendar: CourseCalendar) -> bytes:
    """The JSON of an answer, with the date of its landmark if it has one. No number changes."""
    document: Document = orjson.loads(answer)
    if document["outcome"] == PREDICTED:
        document["landmark"]["date"] = calendar.date_of(document["landmark"]["day"])
    return orjson.dumps(document)
