"""Reads a mapping from TOML: open questions, unknown keys and wrong values are refused, each by the path of its key."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.protocol.columns import TABLES
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, InputRefusedError, Problem
from features.protocol_reading import parse_protocol
from training.intake.mapping import Block, CohortMapping, Operand, RowRule, ValueRule
from training.intake.mapping_keys import (
    BLOCK,
    ENDED,
    OPERAND,
    OPERANDS,
    RATING,
    ROW,
    SECTIONS,
    SEVERAL,
    UNWANTED,
    VALUE,
    Check,
    did_you_mean,
    is_text,
    kind_of,
)
from training.intake.open_questions import answered, open_questions

Keys = Mapping[str, tuple[Check, str]]


def read_mapping(text: str, name: str = "mapping", folder: Path | None = None) -> CohortMapping:
    """The mapping in a TOML text; ``folder`` is where its protocol's file lies.

    Raises ``CohortRefusedError`` with every open question, else with every problem found, each at the path of its key.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line = str(error).rpartition("(at ")[2].rstrip(")") if "(at " in str(error) else "its end"
        required = "a TOML document"
        raise CohortRefusedError([Problem(name, None, None, required, f"text that is none, at {line}")]) from None
    questions = list(open_questions(document))
    if questions:
        raise CohortRefusedError(
            [Problem(name, None, path, required, "an open question") for path, required in questions]
        )
    reading = _MappingDocument(name)
    mapping = reading.mapping(answered(document), text, folder)
    if reading.problems:
        raise CohortRefusedError(reading.problems)
    return mapping


class _MappingDocument:
    """The problems of one document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def mapping(self, document: dict[str, Any], text: str, folder: Path | None) -> CohortMapping:
        """The whole mapping; it may be used only when there is no problem."""
        top = {
            key: value
            for key, value in document.items()
            if key not in TABLES and key not in (*SECTIONS, NOT_READ, CHECKBOXES)
        }
        sections = dict.fromkeys((*TABLES, *_SECTION_NAMES, NOT_READ, CHECKBOXES), _ANY)
        self.check("", top, {**SECTIONS[""], **sections})
        are, dates, missing, own = (self.section(document, name) for name in _SECTION_NAMES)
        boxes = self.checkboxes(document.get(CHECKBOXES, {}))
        for path, needed in (("source", top.get("source")), ("patients_are.id", are.get("id"))):
            if needed is None:
                self.refuse(path, "this key", "none")
        protocol, protocol_text = self.protocol(own, folder)
        identifier = str(are.get("id"))
        blocks = self.blocks(document, identifier, protocol)
        self.item_keys(blocks)
        not_read = self.blocks_of(NOT_READ, document, identifier, ())
        index = (
            self.value("dates.index", dates["index"]) if dates.get("day_0") == "index" and "index" in dates else None
        )
        return CohortMapping(
            name=self.name,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            source=str(top.get("source")),
            identifier=identifier,
            blocks=blocks,
            not_read=tuple(not_read),
            protocol=protocol,
            protocol_text=protocol_text,
            time_zone=self.time_zone(top.get("time_zone")),
            pseudonyms=are.get("pseudonyms", True),
            unlisted=are.get("unlisted", "refuse"),
            day_0=dates.get("day_0", "first_dosing_session"),
            index=index,
            date_format=dates.get("format"),
            checkboxes=boxes,
            missing=frozenset(str(code) for code in missing.get("codes", ())),
            content=json.dumps(document, ensure_ascii=False, default=str),
        )

    def refuse(self, path: str, required: str, found: str) -> None:
        """Add a problem at the path of a key."""
        self.problems.append(Problem(self.name, None, path, required, found))

    def check(self, path: str, node: Mapping[str, Any], keys: Keys) -> None:
        """Refuse unknown keys and wrong kinds of values."""
        for key, value in node.items():
            where = f"{path}.{key}" if path else key
            if key not in keys:
                self.refuse(where, "one of " + ", ".join(keys), "an unknown key" + did_you_mean(key, keys))
            elif not keys[key][0](value):
                self.refuse(where, keys[key][1], kind_of(value))

    def section(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        """A section outside the tables, checked."""
        node = document.get(name, {})
        if not isinstance(node, dict):
            self.refuse(name, f"a table headed [{name}]", kind_of(node))
            return {}
        self.check(name, node, SECTIONS[name])
        return node

    def checkboxes(self, node: Any) -> dict[str, str]:
        """What no tick means, by the field of each checkbox."""
        if not isinstance(node, dict):
            self.refuse(CHECKBOXES, f"a table headed [{CHECKBOXES}]", kind_of(node))
            return {}
        for name, value in node.items():
            if value not in ("no", "not_recorded"):
                self.refuse(f"{CHECKBOXES}.{name}", '"no" or "not_recorded"', kind_of(value))
        return {str(name): str(value) for name, value in node.items()}

    def time_zone(self, name: str | None) -> str | None:
        """The name of a time zone that this machine knows."""
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        if name is not None:
            try:
                ZoneInfo(str(name))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self.refuse("time_zone", "the name of a time zone such as Europe/Berlin", "another text")
        return name

    def protocol(self, own: Mapping[str, Any], folder: Path | None) -> tuple[Protocol, str | None]:
        """The protocol that the mapping names, read, and its text."""
        if not is_text(own.get("file")):
            return Protocol(), None
        try:
            text = ((folder or Path()) / own["file"]).read_text(encoding="utf-8-sig")
            return parse_protocol(text), text
        except (OSError, UnicodeDecodeError):
            self.refuse("protocol.file", "a file beside the mapping", "none that can be read as UTF-8")
        except InputRefusedError as error:
            self.problems += error.problems
        return Protocol(), None

    def blocks(self, document: Mapping[str, Any], identifier: str, protocol: Protocol) -> tuple[Block, ...]:
        """The blocks of every table, in the order of the document."""
        found = []
        for table in TABLES:
            names = tuple(column.name for column in protocol.tables[table] if column.name != "patient_id")
            found += self.blocks_of(table, document, identifier, names)
        if not found:
            self.refuse("sessions", "at least one block such as [[sessions]]", "none")
        return tuple(found)

    def item_keys(self, blocks: tuple[Block, ...]) -> None:
        """Refuse a key of the items of a scale in some rows only: elsewhere its items would be counted otherwise."""
        scored = [row for block in blocks for row in block.rows if row.items and "instrument" in row.values]
        keyed = {row.values["instrument"].constant for row in scored if row.item_key is not None}
        for row in scored:
            if row.item_key is None and row.values["instrument"].constant in keyed:
                self.refuse(f"{row.path}.item_key", "a key, as other rows of the same scale have one", "none")

    def blocks_of(
        self, table: str, document: Mapping[str, Any], identifier: str, names: tuple[str, ...]
    ) -> list[Block]:
        """The blocks of one table, or of the rows that are not read."""
        node = document.get(table, [])
        if not isinstance(node, list) or not all(isinstance(one, dict) for one in node):
            self.refuse(table, f"tables headed [[{table}]]", kind_of(node))
            return []
        return [self.block(table, f"{table}.{n}", one, identifier, names) for n, one in enumerate(node, 1)]

    def block(self, table: str, path: str, node: dict[str, Any], identifier: str, names: tuple[str, ...]) -> Block:
        """One block; its own values are those of each of its rows that does not say otherwise."""
        own = {"assessments": RATING, "prior_treatments": ENDED, NOT_READ: UNWANTED}.get(table, {})
        columns = dict.fromkeys(names, VALUE_OR_COLUMN)
        several = SEVERAL if table == "assessments" else {}
        self.check(path, node, {**BLOCK, **several, **own, **columns})
        if "from" not in node:
            self.refuse(f"{path}.from", "the file, sheet or table that the rows come from", "none")
        shared = {key: value for key, value in node.items() if key in names or key in own}
        given = node.get("rows")
        entries = given if isinstance(given, list) and given else [{}]
        rows = []
        for number, entry in enumerate(entries, 1):
            inner = f"{path}.rows.{number}" if given else path
            if given and isinstance(entry, dict):
                self.check(inner, entry, {**ROW, **own, **columns})
            rows.append(self.row(inner, path, {**shared, **entry} if isinstance(entry, dict) else shared, entry, names))
        return Block(
            table=table,
            path=path,
            source=str(node.get("from")),
            identifier=str(node.get("id", identifier)),
            where={
                str(key): tuple(value) for key, value in _table(node.get("where")).items() if isinstance(value, list)
            },
            rows=tuple(rows),
            several_on_one_day=node.get("several_on_one_day", "refuse"),
            columns=tuple(node["columns"]) if isinstance(node.get("columns"), list) else (),
        )

    def row(self, path: str, block: str, node: dict[str, Any], own: Any, names: tuple[str, ...]) -> RowRule:
        """One row of a block, from its own keys and those of the block."""
        values = {
            name: self.value(f"{path if isinstance(own, dict) and name in own else block}.{name}", node[name])
            for name in names
            if name in node
        }
        items = node.get("items", ())
        return RowRule(
            path=path,
            values=values,
            when=self.value(f"{path}.when", node["when"]) if "when" in node else None,
            items=tuple(items) if isinstance(items, list) else (),
            item_key=node.get("item_key"),
            total=node.get("total"),
            ended=node.get("ended"),
        )

    def value(self, path: str, node: Any) -> ValueRule:
        """One value: the name of a column, or a table of keys."""
        if not isinstance(node, dict):
            return ValueRule(path, column=node if isinstance(node, str) else None)
        self.check(path, node, VALUE)
        constant = node.get("value")
        column = node.get("column", node.get("patients"))
        if (column is None) == (constant is None) and node.get("convert") != "by_date":
            self.refuse(path, "either column or value", "both" if column is not None else "neither")
        return ValueRule(
            path=path,
            column=column,
            of_patient="patients" in node,
            constant=constant,
            values=self.meanings(f"{path}.values", _table(node["values"])) if "values" in node else None,
            convert=node.get("convert"),
            operands={key: self.operand(f"{path}.{key}", node[key]) for key in OPERANDS if key in node},
            drug=node.get("drug"),
            factor=node.get("factor", 1.0),
            missing=frozenset(str(code) for code in node.get("missing", ())),
            date_format=node.get("format"),
            time=node.get("time"),
        )

    def meanings(self, path: str, node: Mapping[str, Any]) -> dict[str, Any]:
        """What each code means; codes ignore case, so two spellings of one may not mean two things."""
        found: dict[str, Any] = {}
        for key, meaning in node.items():
            code = str(key).strip().casefold()
            if found.setdefault(code, meaning) != meaning:
                self.refuse(path, "one meaning for codes that differ only in case or blanks", "two")
        return found

    def operand(self, path: str, node: Any) -> Operand:
        """A further column of a conversion."""
        if not isinstance(node, dict):
            return Operand(str(node))
        self.check(path, node, OPERAND)
        column = node.get("column", node.get("patients"))
        if column is None:
            self.refuse(path, "either column or patients", "neither")
        return Operand(str(column), "patients" in node, node.get("factor", 1.0))


CHECKBOXES = "checkboxes"
NOT_READ = "not_read"
"""Heads the blocks of rows that are not wanted."""
_SECTION_NAMES = ("patients_are", "dates", "missing", "protocol")
_ANY: tuple[Check, str] = (lambda _: True, "")
VALUE_OR_COLUMN: tuple[Check, str] = (
    lambda value: is_text(value) or isinstance(value, dict),
    "the name of a column, or a table of keys such as { column = ..., values = { ... } }",
)


def _table(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}
