"""Reads a protocol from TOML: unknown keys, wrong types and contradictory rules are refused, each with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from features.protocol.columns import STUDY_COLUMNS, TABLES
from features.protocol.declared_covariates import covariate_problems, declared_covariate
from features.protocol.declared_features import CODE_KEYS, NO_CODE, declared_feature, feature_problems, measure_required
from features.protocol.declared_instruments import declared_instrument, key_problems, scale_problems
from features.protocol.document import Landmark, Protocol, RelapseRule, RemissionRule
from features.protocol.instrument import Instrument
from features.protocol.keys import LISTS, REQUIRED, SECTIONS, TEXT, is_name, is_text
from features.protocol.nearest_word import did_you_mean
from features.protocol.problems import Problem, ProtocolRefusedError
from features.protocol.study import StudyDescription


def parse_protocol(text: str) -> Protocol:
    """The protocol in a TOML text; missing keys take the default KAP protocol's values.

    Raises ``ProtocolRefusedError`` with every problem found; its rows are lines of the text, from 0.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        line = re.search(r"at line (\d+)", str(error))
        row = int(line.group(1)) - 1 if line else max(len(text.splitlines()) - 1, 0)
        raise ProtocolRefusedError(
            [Problem("protocol.toml", row, None, "a TOML document", "a line that is not TOML")]
        ) from None
    reading = _TextProblems(text)
    sections = reading.check_keys(document)
    if not reading.problems:
        protocol = _assemble(sections)
        reading.check_rules(sections, protocol)
    if reading.problems:
        raise ProtocolRefusedError(sorted(reading.problems, key=lambda problem: problem.row or 0))
    return protocol


class _TextProblems:
    """The problems of one text, each at its line."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.problems: list[Problem] = []

    def refuse(self, path: tuple[str | int, ...], required: str, found: str) -> None:
        self.problems.append(Problem("protocol.toml", self.line_of(path), _dotted(path), required, found))

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Line of the key, else of the header of its table, else the first."""
        header = (
            ".".join(str(part) for part in path[:2] if isinstance(part, str)) if path[0] == "instruments" else path[0]
        )
        position = next((part for part in path if isinstance(part, int)), 0)
        tables = [n for n, line in enumerate(self.lines) if re.match(rf"\s*\[+\s*{re.escape(str(header))}\s*\]+", line)]
        start = tables[position] if position < len(tables) else None
        if start is None:
            return next(
                (n for n, line in enumerate(self.lines) if re.match(rf"\s*{re.escape(str(path[0]))}\b", line)),
                0,
            )
        for number in range(start + 1, len(self.lines)):
            if re.match(r"\s*\[", self.lines[number]):
                break
            if re.match(rf"\s*{re.escape(str(path[-1]))}\s*=", self.lines[number]):
                return number
        return start

    def check_keys(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Every section as plain values; unknown keys, wrong kinds and missing keys become problems."""
        sections: dict[str, Any] = {}
        for name, value in document.items():
            if name == "name":
                if not is_text(value):
                    self.refuse(("name",), TEXT[1], _kind(value))
                sections[name] = value
            elif name not in SECTIONS:
                known = ("name", *SECTIONS)
                self.refuse((name,), f"one of {', '.join(known)}{did_you_mean(name, known)}", "an unknown key")
            elif name in LISTS:
                sections[name] = self._check_list(name, value)
            elif name == "instruments":
                sections[name] = self._check_instruments(value)
            else:
                sections[name] = self._check_section((name,), name, value)
        return sections

    def _check_list(self, name: str, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not value:
            self.refuse((name,), f"tables headed [[{name}]]", _kind(value))
            return []
        return [self._check_section((name, index), name, entry) for index, entry in enumerate(value)]

    def _check_instruments(self, value: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            self.refuse(("instruments",), "tables headed [instruments.NAME]", _kind(value))
            return {}
        for name in value:
            if not is_name(name):
                self.refuse(("instruments",), "instruments with a_lower_case_name", "another name")
        return {name: self._check_section(("instruments", name), "instruments", entry) for name, entry in value.items()}

    def _check_section(self, path: tuple[str | int, ...], name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.refuse(path, f"a table headed [{name}]", _kind(value))
            return {}
        for key, entry in value.items():
            if key not in SECTIONS[name]:
                self.refuse((*path, key), _known_keys(name, key), "an unknown key")
            elif not SECTIONS[name][key][0](entry):
                required = measure_required(entry) if key == "measure" else SECTIONS[name][key][1]
                self.refuse((*path, key), required, _kind(entry))
        for key in REQUIRED.get(name, ()):
            if key not in value:
                self.refuse((*path, key), f"a value for {key}", "nothing")
        for key, required, found in key_problems(str(path[-1]), value) if name == "instruments" else ():
            self.refuse((*path, str(key)), required, found)
        return value

    def check_rules(self, sections: Mapping[str, Any], protocol: Protocol) -> None:
        """Check for contradictory rules, once every value is of the right kind."""
        self._check_landmarks(protocol)
        self._check_order(protocol.landmarks)
        if protocol.eligibility.minimum_age > protocol.eligibility.maximum_age:
            self.refuse(("eligibility", "minimum_age"), "an age not above maximum_age", "a higher one")
        self._check_remission(sections.get("remission", {}), protocol)
        self._check_relapse(sections, protocol)
        self._check_covariates(sections.get("covariates", []), protocol)
        self._check_features(sections.get("features", []), protocol)
        for instrument in protocol.own_instruments:
            self._check_instrument(instrument)

    def _check_landmarks(self, protocol: Protocol) -> None:
        for index, landmark in enumerate(protocol.landmarks):
            path = ("landmarks", index)
            if (landmark.before_session is None) == (landmark.day is None):
                self.refuse(path, "either before_session or day", "both or neither")
            elif landmark.else_days is not None and (landmark.before_session or 0) < 2:
                self.refuse((*path, "else_days"), "before_session of 2 or more beside it", "a landmark without one")
            if landmark.name in {other.name for other in protocol.landmarks[:index]}:
                self.refuse((*path, "name"), "a name of its own", "the name of an earlier landmark")

    def _check_order(self, landmarks: Sequence[Landmark]) -> None:
        """Each landmark is compared with the one before it, so their order is that of time, as far as it is known."""
        for index, landmark in enumerate(landmarks):
            if any(_is_later(earlier, landmark) for earlier in landmarks[:index]):
                key = "day" if landmark.before_session is None else "before_session"
                required = "landmarks in the order of time; move this one up"
                self.refuse(("landmarks", index, key), required, "a landmark that comes before the one above it")

    def _check_remission(self, given: Mapping[str, Any], protocol: Protocol) -> None:
        for name in protocol.remission.instruments:
            scale = protocol.instruments.get(name)
            if scale is None:
                self.refuse(
                    ("remission", "instrument"), "rating scales that are built in or declared", "an unknown one"
                )
            elif scale.kind == "experience":
                self.refuse(("remission", "instrument"), "a rating scale of symptoms", "a scale of an experience")
            elif scale.unpublished:
                lacking = ", ".join(scale.unpublished)
                required = f"a rating scale with cut-offs and reliable change; give {lacking} in [instruments.{name}]"
                self.refuse(("remission", "instrument"), required, f"{name}, for which no such number is published")
        for key in ("anchor", "window_days", "require_reliable_drop"):
            if protocol.remission.at_landmark and key in given:
                self.refuse(("remission", key), 'no rule for remission beside state = "at_landmark"', "such a rule")

    def _check_relapse(self, sections: Mapping[str, Any], protocol: Protocol) -> None:
        given = sections.get("relapse", {})
        if protocol.relapse.rule == "event":
            if "confirm_within_days" in given:
                required = 'no ratings to confirm under rule = "event"'
                self.refuse(("relapse", "confirm_within_days"), required, "a window")
            if not protocol.relapse.events:
                self.refuse(("relapse", "events"), 'at least one event under rule = "event"', "none")
        if list(protocol.horizons_days) != sorted(set(protocol.horizons_days)):
            self.refuse(("sustained_remission", "horizons_days"), "horizons that increase", "another order")

    def _check_covariates(self, given: list[dict[str, Any]], protocol: Protocol) -> None:
        from features.catalogue import RESERVED_NAMES

        taken = ({column.name for column in TABLES["patients"]} | RESERVED_NAMES) - STUDY_COLUMNS
        for index, covariate in enumerate(protocol.covariates):
            path = ("covariates", index)
            if covariate.name in taken:
                self.refuse((*path, "name"), "a name of its own", "the name of another column or feature")
            taken.add(covariate.name)
            for key, required, found in covariate_problems(covariate, given[index]):
                self.refuse(path if key is None else (*path, key), required, found)

    def _check_features(self, given: list[dict[str, Any]], protocol: Protocol) -> None:
        from features.catalogue import RESERVED_NAMES, category_features

        levels = [name for names in category_features(protocol).values() for name in names]
        taken = {column.name for column in protocol.tables["patients"]} | RESERVED_NAMES | set(levels)
        for index, key, required, found in feature_problems(protocol, given, taken):
            self.refuse(("features", index, key), required, found)

    def _check_instrument(self, scale: Instrument) -> None:
        for _, required, found in scale_problems(scale):
            self.refuse(("instruments", scale.name), required, found)


def _known_keys(section: str, key: str) -> str:
    """What is required in the place of an unknown key."""
    if section == "features" and key in CODE_KEYS:
        return NO_CODE
    return f"one of {', '.join(SECTIONS[section])}{did_you_mean(key, SECTIONS[section])}"


def _is_later(landmark: Landmark, other: Landmark) -> bool:
    """Whether a landmark comes after another for every patient; session 1 is on day 0."""
    if landmark.before_session is not None and other.before_session is not None:
        return landmark.before_session > other.before_session
    days = [0 if one.before_session == 1 else one.day for one in (landmark, other)]
    return days[0] is not None and days[1] is not None and days[0] > days[1]


def _assemble(sections: Mapping[str, Any]) -> Protocol:
    default = Protocol()
    remission = dict(sections.get("remission", {}))
    scales = remission.pop("instrument", list(default.remission.instruments))
    at_landmark = remission.pop("state", None) is not None
    relapse = sections.get("relapse", {})
    return Protocol(
        name=sections.get("name", default.name),
        landmarks=tuple(Landmark(**entry) for entry in sections["landmarks"])
        if "landmarks" in sections
        else default.landmarks,
        eligibility=replace(default.eligibility, **_as_floats(sections.get("eligibility", {}))),
        acute_max_days=sections.get("acute", {}).get("max_days", default.acute_max_days),
        remission=RemissionRule(
            instruments=(scales,) if isinstance(scales, str) else tuple(scales),
            at_landmark=at_landmark,
            **_with_tuples(remission),
        ),
        relapse=RelapseRule(**_with_tuples(relapse)),
        horizons_days=tuple(sections.get("sustained_remission", {}).get("horizons_days", default.horizons_days)),
        covariates=tuple(declared_covariate(entry) for entry in sections.get("covariates", [])),
        own_instruments=tuple(
            declared_instrument(name, entry) for name, entry in sections.get("instruments", {}).items()
        ),
        own_features=tuple(declared_feature(entry) for entry in sections.get("features", [])),
        study=StudyDescription(**{key: " ".join(text.split()) for key, text in sections["study"].items()})
        if sections.get("study")
        else None,
    )


def _as_floats(section: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in section.items()}


def _with_tuples(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _kind(value: Any) -> str:
    kinds = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return kinds.get(type(value), "something else") + ("" if value != [] else " that is empty")
