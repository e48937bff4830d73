"""Which column of a file is which declared column, by the names in its header.

The strict reader takes the declared names alone. The forgiving reader takes them in another case and with blanks at an
edge. It names other columns and does not read them, unless a name is nearly that of a declared column that is missing.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from features.protocol.columns import Column
from features.protocol.problems import Problem
from training.cohort.repairs import Repair
from training.cohort.text.dialect import plain_name
from training.cohort.text.file_text import without_blanks

_NEAR = 0.8
"""Least similarity of two names of which one may be a misspelling of the other, as `difflib` measures it."""


@dataclass(frozen=True)
class Header:
    """The position of each declared column in the file, and what is to be said of the names.

    ``unnamed`` lists the positions without a name that must be blank in every row. The first column is not among them:
    pandas and R number rows in it.
    """

    positions: dict[str, int]
    problems: list[Problem] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)
    unnamed: list[int] = field(default_factory=list)


def strict_header(file: str, names: Sequence[str], declared: Sequence[Column]) -> Header:
    """The declared names as they are; every other name is a problem."""
    known = [column.name for column in declared]
    header = Header({name: position for position, name in enumerate(names) if name in known})
    if not header.positions:
        header.problems.append(_no_known_name(file, names, known))
        return header
    for position, name in enumerate(names):
        if name not in known or name in names[:position]:
            header.problems.append(_name_problem(file, name, position, known))
    header.problems.extend(_missing(file, declared, set(names)))
    return header


def forgiving_header(file: str, names: Sequence[str], declared: Sequence[Column]) -> Header:
    """The declared names in any case; of the others those that are nearly a missing one are problems."""
    known = [column.name for column in declared]
    plain = [plain_name(name) for name in names]
    if not set(plain) & set(known):
        return Header({}, [_no_known_name(file, names, known)])
    header = Header({name: place for place, name in enumerate(plain) if name in known and plain.count(name) == 1})
    absent, near = [name for name in known if name not in plain], set[str]()
    for position, (name, wanted) in enumerate(zip(names, plain, strict=True)):
        if wanted in known:
            _note_declared(header, file, wanted, names, position)
        elif meant := near_names(wanted, absent):
            near |= set(meant)
            header.problems.append(_near_problem(file, name, position, meant))
        else:
            header.not_read.append(f"{_named(name, position)} of {file}")
            header.unnamed.extend([position] if position and not wanted else [])
    header.problems.extend(_missing(file, declared, {*plain, *near}))
    return header


def near_names(plain: str, known: Sequence[str]) -> list[str]:
    """The names, at most three, that a name in lower case may be meant for: written otherwise, cut short, misspelt."""
    letters = re.sub(r"[^a-z0-9]", "", plain)
    if not letters:
        return []
    same = [name for name in known if name.replace("_", "") == letters]
    longer = [name for name in known if name.startswith(f"{plain}_")]
    return (same or longer or difflib.get_close_matches(plain, known, n=3, cutoff=_NEAR))[:3]


def _note_declared(header: Header, file: str, wanted: str, names: Sequence[str], position: int) -> None:
    """What there is to say of a name that is a declared one."""
    name, others = names[position], [plain_name(other) for other in names[:position]]
    if wanted in others:
        found = "a column name that repeats"
        if name not in names[:position]:
            found = "two names that differ only in case or in blanks"
        place = f"{found}, in position {position + 1}"
        header.problems.append(Problem(file, None, wanted, "each column once", place))
    elif without_blanks(name) != wanted:
        header.repairs.append(Repair(file, wanted, "read names of columns in another case"))
    elif name != wanted:
        header.repairs.append(Repair(file, wanted, "dropped blanks around names of columns"))


def _named(name: str, position: int) -> str:
    """How a column that is not read is called, in a list of them."""
    shown, which = _shown(name), f"column in position {position + 1}"
    return f"column {shown}" if shown else f"the {which}" if without_blanks(name) else f"the unnamed {which}"


def _near_problem(file: str, name: str, position: int, meant: Sequence[str]) -> Problem:
    required = "the name of a declared column, or another name for a column that is not read"
    found = f"an unknown column, in position {position + 1} (did you mean {' or '.join(meant)}?)"
    return Problem(file, None, _shown(name), required, found)


def _no_known_name(file: str, names: Sequence[str], known: Sequence[str]) -> Problem:
    """Such a line may be a patient's row: none of it is repeated."""
    by_other = len(names) == 1 and bool(re.search(r"[;\t|]", names[0]))
    found = "names that no comma separates" if by_other else "none of these names"
    return Problem(file, None, None, "a header with names among " + ", ".join(known), found)


def _missing(file: str, declared: Sequence[Column], there: set[str]) -> Iterator[Problem]:
    for column in declared:
        if column.required and column.name not in there:
            yield Problem(file, None, column.name, "this column", "no such column")


def _name_problem(file: str, name: str, position: int, known: Sequence[str]) -> Problem:
    place, shown = f", in position {position + 1}", _shown(name)
    if not name.strip():
        return Problem(file, None, None, "a name for every column", "a blank column name" + place)
    if name in known:
        return Problem(file, None, name, "each column once", "a column name that repeats" + place)
    found = "an unknown column" if shown else "a column name that is not an identifier"
    return Problem(file, None, shown, "one of " + ", ".join(known), found + place)


def _shown(name: str) -> str | None:
    """The name, if it is an identifier: another text may be a patient's value."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name) else None
