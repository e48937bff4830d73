"""Settings as plain values, nested by section: as they are recorded, and from a record or a file back to objects.

A record of an earlier version lacks what later versions made a setting. It was made with the value that is the default
today, because a constant becomes a setting with its own value as default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from models.settings.declaration import SettingDeclaration, declarations, frozen, plain

Section = TypeVar("Section")


def declared_sections(config: type, own: str) -> dict[str, tuple[type, tuple[SettingDeclaration, ...]]]:
    """The sections of a settings class, with their settings: ``own`` names that of its own fields."""
    nested = {one.name: type(one.default) for one in fields(config) if is_dataclass(one.default)}
    return {own: (config, declarations(config))} | {name: (kind, declarations(kind)) for name, kind in nested.items()}


def plain_values(section: Any) -> dict[str, Any]:
    """The settings of a section's object as plain values."""
    return {one.name: plain(getattr(section, one.name)) for one in declarations(type(section))}


def from_values(kind: type[Section], values: Mapping[str, Any]) -> Section:
    """The section with these plain values, and the defaults for those that are absent.

    Raises ``KeyError`` for a name that it does not declare.
    """
    known = {one.name: one for one in declarations(kind)}
    return kind(**{name: frozen(value, known[name].default) for name, value in values.items()})


def flattened(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings with one name each, such as ``tuning.depths``; those outside a section keep theirs."""
    return dict(_flat(settings))


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", inner) for key, inner in _flat(value))
        else:
            yield name, value
