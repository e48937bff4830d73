"""A draft as TOML text with comments, in the order in which a person reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import Array, InlineTable, Item

from training.intake.drafting.drafted import DraftedBlock, DraftedKey, is_question

_HEAD = (
    'Drafted by kap cohort map. Answer every question: replace each "?" by an answer.',
    "Then: kap cohort import SOURCE DIR --map THIS_FILE. The keys are explained in training/intake/README.md.",
)
_LONGEST_LINE = 110


def toml_text(head: Mapping[str, Any], blocks: Sequence[DraftedBlock], unused: Sequence[str]) -> str:
    """The whole document."""
    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    document.add("format", tomlkit.item(1))
    document.add("source", tomlkit.item(head["source"]))
    if head["time_zone"] is not None:
        document.add("time_zone", _item(head["time_zone"]))
    document.add(tomlkit.nl())
    _section(document, "patients_are", {"id": head["identifier"], "pseudonyms": True})
    _section(document, "dates", {"day_0": head["day_0"], "format": head["format"]})
    _section(document, "missing", {"codes": head["missing"]})
    _section(document, "checkboxes", head["checkboxes"])
    for table in dict.fromkeys(block.table for block in blocks):
        listed = tomlkit.aot()
        for block in blocks:
            if block.table == table:
                listed.append(_block(block))
        document.add(table, listed)
    text = tomlkit.dumps(document).rstrip("\n") + "\n"
    return text + "".join(f"{line}\n" for line in _unused_lines(unused))


def _unused_lines(unused: Sequence[str]) -> list[str]:
    if not unused:
        return []
    return ["", "# Not read:", *(f"# {line}" for line in unused)]


def _section(document: tomlkit.TOMLDocument, name: str, values: Mapping[str, Any]) -> None:
    given = {key: value for key, value in values.items() if value is not None}
    if given:
        section = tomlkit.table()
        for key, value in given.items():
            _add(section, DraftedKey(key, value))
        section.add(tomlkit.nl())
        document.add(name, section)


def _block(block: DraftedBlock) -> tomlkit.items.Table:
    table = tomlkit.table()
    if block.comment:
        table.add(tomlkit.comment(block.comment))
    for key in block.keys:
        _add(table, key)
    table.add(tomlkit.nl())
    return table


def _add(table: tomlkit.items.Table, key: DraftedKey) -> None:
    item = _item(key.value)
    if is_question(key.value):
        table.add(tomlkit.comment("QUESTION: " + " ".join(str(key.value["question"]).split())))
    if key.comment:
        words = " ".join(key.comment.split())
        if len(words) + len(item.as_string()) + len(key.key) < _LONGEST_LINE:
            item.comment(words)
        else:
            table.add(tomlkit.comment(words))
    table.add(key.key, item)


def _item(value: Any) -> Item:
    """A value as TOML; tables within a line, lists of tables with a line each."""
    if isinstance(value, Mapping):
        inline: InlineTable = tomlkit.inline_table()
        for key, one in value.items():
            inline.append(key, _item(one))
        return inline
    if isinstance(value, list):
        array: Array = tomlkit.array()
        for one in value:
            array.append(_item(one))
        return array.multiline(any(isinstance(one, Mapping) for one in value))
    return tomlkit.item(value)
