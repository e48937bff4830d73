"""The rating scales that a protocol declares: which keys each needs, and what they may not contradict."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from features.protocol.instrument import Instrument
from features.protocol.instruments import FIRST_INSTRUMENTS, INSTRUMENTS, LATER_INSTRUMENTS
from features.protocol.keys import is_number

Refusal = tuple[str | None, str, str]
"""The key to correct (``None``: the whole table), what is required, and what was found."""
_COMMON = ("title", "minimum", "maximum", "reliable_change", "source")
_BANDS = {"worse": ("remission_at_most", "relapse_at_least"), "better": ("remission_at_least", "relapse_at_most")}


def key_problems(name: str, entry: Mapping[str, Any]) -> Iterator[Refusal]:
    """Keys that are missing, and keys that contradict the direction of the scale."""
    direction = _direction(name, entry)
    if direction not in _BANDS:
        return  # refused as a value of another kind
    if name in INSTRUMENTS and not _is_whole(name, entry) and direction != INSTRUMENTS[name].higher_is:
        yield "higher_is", "the direction of the built-in scale, or a whole declaration", "another direction"
        return
    contradicting = _BANDS["better" if direction == "worse" else "worse"]
    instead = dict(zip(_BANDS[direction], contradicting, strict=True))
    for key, other in instead.items():
        if other in entry:
            yield other, f'{key} on a scale with higher_is = "{direction}"', f"{other}, which contradicts it"
        elif name not in INSTRUMENTS and key not in entry:
            yield key, f"a value for {key}", "nothing"
    for key in () if name in INSTRUMENTS else _COMMON:
        if key not in entry:
            yield key, f"a value for {key}", "nothing"


def _direction(name: str, entry: Mapping[str, Any]) -> Any:
    """The direction given; else that of the built-in scale, unless a later one is declared whole as in earlier days."""
    if "higher_is" in entry:
        return entry["higher_is"]
    if name in INSTRUMENTS and not _is_whole(name, entry):
        return INSTRUMENTS[name].higher_is
    return "worse"


def _is_whole(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a study declares a scale that was built in later with every key, so that nothing built in is left."""
    bands = _BANDS.get(entry.get("higher_is", "worse"), ())
    return name in LATER_INSTRUMENTS and entry.keys() >= {*_COMMON, *bands}


def declared_instrument(name: str, entry: Mapping[str, Any]) -> Instrument:
    """The scale that a table declares, once its keys have no problem."""
    values: dict[str, Any] = {key: float(value) if is_number(value) else value for key, value in entry.items()}
    if name in FIRST_INSTRUMENTS or (name in LATER_INSTRUMENTS and not _is_whole(name, entry)):
        return replace(INSTRUMENTS[name], **values)
    absent: dict[str, Any] = dict.fromkeys(_BANDS["worse"])
    return Instrument(name, **absent | values)


def scale_problems(scale: Instrument) -> Iterator[Refusal]:
    """Why a declared scale can't be used: an experience, or bands in another order."""
    if scale.kind == "experience":
        yield None, "a scale of symptoms", "a built-in scale of an experience"
        return
    numbers = scale.severity_numbers
    remission, relapse = numbers["remission_at_most"], numbers["relapse_at_least"]
    within = all(scale.minimum <= number <= scale.maximum for number in (remission, relapse) if number is not None)
    apart = remission is None or relapse is None or remission < relapse
    if not (scale.minimum < scale.maximum and within and apart):
        low, high = _BANDS[scale.higher_is][:: 1 if scale.higher_is == "worse" else -1]
        yield None, f"minimum <= {low} < {high} <= maximum", "another order"
