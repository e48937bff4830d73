"""One word for one thing: class names are unique and nouns, and the glossary writes terms as the code does."""

import ast
import re
from collections import defaultdict

from tests.places import ROOT
from tests.test_imports import files

MOST_TERMS = 60
PICTURES = (
    "Desk", "Gate", "ModelShelf", "Envelope", "Lesson", "Learned", "Trials", "Judged", "Fate", "Told", "Alone",
    "Wanted", "Asked", "Found", "Laid", "Reached", "Moment", "lesson", "taught", "judged", "probes", "desk",
)  # fmt: skip
"""Names that gave way to the field's words."""


def classes() -> dict[str, list[str]]:
    """Every top-level class of the project, with the files that define it."""
    found = defaultdict(list)
    for path in files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def names(fields: tuple[str, ...] = ("id", "attr", "name", "arg", "asname")) -> set[str]:
    """Every name that the code uses: of classes, functions, arguments, variables and attributes."""
    found = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for field in fields:
                value = getattr(node, field, None)
                found |= {value} if isinstance(value, str) else set()
    return found


def terms() -> list[tuple[str, str]]:
    """Each term of the glossary with its name in the code."""
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    return re.findall(r"^\| ([^|]+) \| `(\w+)` \|", "\n".join(lines), re.MULTILINE)


def test_no_two_classes_share_a_name() -> None:
    assert not {name: places for name, places in classes().items() if len(places) > 1}


def test_the_glossary_has_at_most_sixty_terms_each_once() -> None:
    listed = [term for term, _ in terms()]
    assert 40 < len(listed) <= MOST_TERMS
    assert len(set(listed)) == len(listed)


def test_terms_are_written_as_the_code_writes_them() -> None:
    assert not {name for _, name in terms()} - names() - names(("value",)), "neither a name nor a key of the code"


def test_pictures_have_given_way_to_the_words_of_the_field() -> None:
    assert not names() & set(PICTURES)
