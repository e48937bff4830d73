"""The keys of a protocol's TOML document, each with the values that it takes."""

import re
from collections.abc import Callable
from typing import Any

from features.protocol.columns import COMPETING_EVENTS, DAY_LIMIT, EVENTS
from features.protocol.own_feature import MEASURES
from features.protocol.study import LONGEST_TEXT, STUDY_TEXTS

Check = Callable[[Any], bool]
OLDEST_YEARS = 110
"""The oldest age that a cohort may hold."""
LONGEST_LANDMARK = 80
"""Characters of a landmark's name, at the most: it is a part of the names of runs and figures."""
LONGEST_LEVEL = 100
"""Characters of a category's level, at the most."""


def is_text(value: Any) -> bool:
    """Whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def _is_description(value: Any) -> bool:
    return is_text(value) and len(value) <= LONGEST_TEXT and " ".join(value.split()).isprintable()


def _is_landmark_name(value: Any) -> bool:
    return is_text(value) and len(value) <= LONGEST_LANDMARK and value.isprintable()


def is_number(value: Any) -> bool:
    """Whether a value is a number that a protocol may hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6


def is_name(value: Any) -> bool:
    """Whether a value is the lower-case name of a covariate or an instrument."""
    return isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_]*", value) is not None


def _is_day(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DAY_LIMIT


def _is_signed_day(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -DAY_LIMIT <= value <= DAY_LIMIT


def _is_age(value: Any) -> bool:
    return is_number(value) and OLDEST_YEARS >= value >= 0


def _is_session(value: Any) -> bool:
    return _is_day(value) and value >= 1


def _is_days(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_session(day) for day in value)


def _is_window(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_day(day) for day in value) and value[0] <= value[1]


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_text(text) for text in value)


def _are_levels(value: Any) -> bool:
    """Whether a value lists at least two levels of a category, which differ by more than capitals."""
    if not _is_texts(value) or len(value) < 2:
        return False
    sound = all(level == level.strip() and level.isprintable() and len(level) <= LONGEST_LEVEL for level in value)
    return sound and len({level.casefold() for level in value}) == len(value)


def _is_text_or_texts(value: Any) -> bool:
    return is_text(value) or _is_texts(value)


def _one_of(*choices: str) -> Check:
    return lambda value: value in choices


def _is_listed_events(value: Any) -> bool:
    never = (*COMPETING_EVENTS, "withdrawal", "end_of_follow_up")
    return isinstance(value, list) and all(event in EVENTS and event not in never for event in value)


TEXT = (is_text, "a text that is not blank")
_NUMBER = (is_number, "a number")
_DAY = (_is_day, f"a whole number of days from 0 to {DAY_LIMIT}")
_SIGNED_DAY = (_is_signed_day, f"a whole number of days from -{DAY_LIMIT} to {DAY_LIMIT}")
_DIRECTION = (_one_of("more", "less"), '"more" or "less"')
_AGE = (_is_age, f"a number of years from 0 to {OLDEST_YEARS}")
_FLAG = (_is_flag, "true or false")
_LEVELS = (
    f"a list of two or more texts that differ by more than capitals, each of up to {LONGEST_LEVEL} characters and "
    "without blanks at an edge"
)
_WINDOW = (_is_window, "two whole numbers of days, the first not above the second")

SECTIONS: dict[str, dict[str, tuple[Check, str]]] = {
    "landmarks": {
        "name": (_is_landmark_name, f"a text of up to {LONGEST_LANDMARK} printable characters that is not blank"),
        "before_session": (_is_session, "a whole number from 1"),
        "day": _DAY,
        "else_days": (_is_session, f"a whole number of days from 1 to {DAY_LIMIT}"),
    },
    "eligibility": {"minimum_age": _AGE, "maximum_age": _AGE},
    "acute": {"max_days": _DAY},
    "remission": {
        "instrument": (_is_text_or_texts, "the name of a rating scale, or a list of names"),
        "anchor": (_one_of("last_acute_session", "index"), '"last_acute_session" or "index"'),
        "window_days": _WINDOW,
        "require_reliable_drop": _FLAG,
        "state": (_one_of("at_landmark"), '"at_landmark"'),
    },
    "relapse": {
        "rule": (_one_of("score", "event"), '"score" or "event"'),
        "confirm_within_days": _WINDOW,
        "events": (_is_listed_events, "a list of events that are neither competing nor an end of follow-up"),
    },
    "sustained_remission": {"horizons_days": (_is_days, "a list of whole numbers of days from 1")},
    "covariates": {
        "name": (is_name, "a_lower_case_name"),
        "kind": (_one_of("number", "binary", "category"), '"number", "binary" or "category"'),
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "levels": (
            _are_levels,
            _LEVELS,
        ),
        "meaning": TEXT,
    },
    "features": {
        "name": (is_name, "a_lower_case_name"),
        "of": TEXT,
        "measure": (_one_of(*MEASURES), f"one of {', '.join(MEASURES)}"),
        "from_day": _SIGNED_DAY,
        "to_day": _SIGNED_DAY,
        "meaning": TEXT,
        "remission": _DIRECTION,
        "relapse": _DIRECTION,
        "source": TEXT,
    },
    "instruments": {
        "title": TEXT,
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "higher_is": (_one_of("worse", "better"), '"worse" or "better"'),
        "remission_at_most": _NUMBER,
        "relapse_at_least": _NUMBER,
        "remission_at_least": _NUMBER,
        "relapse_at_most": _NUMBER,
        "reliable_change": (lambda value: is_number(value) and value > 0, "a number above 0"),
        "source": TEXT,
    },
    "study": dict.fromkeys(
        STUDY_TEXTS, (_is_description, f"a text of up to {LONGEST_TEXT} characters that is not blank")
    ),
}
"""The keys of each section: whether a value fits, and what is required."""
LISTS = ("landmarks", "covariates", "features")
"""The sections that are lists of tables."""
REQUIRED = {
    "landmarks": ("name",),
    "covariates": ("name", "kind", "meaning"),
    "features": ("name", "of", "measure", "meaning"),
}
"""The keys that each table of a section must have; `declared_instruments` has those of an instrument."""
