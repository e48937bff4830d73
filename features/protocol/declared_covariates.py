"""The covariates that a protocol declares: which keys each kind needs, and the names of the features of a category."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from features.protocol.columns import STUDY_COLUMNS
from features.protocol.document import Covariate


def declared_covariate(entry: Mapping[str, Any]) -> Covariate:
    """The covariate that a table declares, once its keys have no problem."""
    bounds = {key: float(entry[key]) for key in ("minimum", "maximum") if key in entry}
    return Covariate(entry["name"], entry["kind"], entry["meaning"], levels=tuple(entry.get("levels", ())), **bounds)


def covariate_problems(covariate: Covariate, given: Mapping[str, Any]) -> Iterator[tuple[str | None, str, str]]:
    """Key to correct (``None``: the whole table), what is required and what was found, where keys contradict a kind."""
    bounded = "minimum" in given, "maximum" in given
    if covariate.kind == "number":
        if not all(bounded) or covariate.minimum >= covariate.maximum:
            yield None, 'minimum below maximum beside kind = "number"', "other bounds, or none"
    elif any(bounded):
        yield None, f'neither minimum nor maximum beside kind = "{covariate.kind}"', "a bound"
    if (covariate.kind == "category") != ("levels" in given):
        if covariate.kind == "category":
            yield None, 'levels beside kind = "category"', "none"
        else:
            yield "levels", f'no levels beside kind = "{covariate.kind}"', "levels"
    if covariate.kind == "category" and covariate.name in STUDY_COLUMNS:
        yield "name", "a name of its own: a category can't take the place of a built-in column", "the name of one"


def level_names(covariate: Covariate, taken: Collection[str]) -> tuple[str, ...]:
    """The name of the feature of each level, such as ``recruitment_self_referred``, unlike all that are ``taken``."""
    names: list[str] = []
    for level in covariate.levels:
        safe = "_".join([covariate.name, *re.findall("[a-z0-9]+", level.casefold())])
        name, number = safe, 1
        while name in taken or name in names or name == covariate.name:
            number += 1
            name = f"{safe}_{number}"
        names.append(name)
    return tuple(names)
