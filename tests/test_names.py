"""One word for one thing: classes are unique nouns, the glossary writes terms as the code does, no picture is left."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.test_imports import files

MOST_TERMS = 60
PICTURES = {
    "desk", "gate", "shelf", "envelope", "lesson", "taught", "learned", "trials", "probes", "judge", "judged", "prove",
    "proof", "examine", "examined", "repetition", "reproduction", "planted", "bet", "bets", "fate", "shares",
    "schematic", "drawings",
}  # fmt: skip
"""Words that gave way to the field's (request batcher, access control, model loader, training data, fitted, binomial
counts, reference inputs, evaluate, evidence, refit check, positive control, e-process, outcome, proportions, figure).
"""
STORED = {
    "reproduction": "the refit check, as evidence of 0.4.0 calls it",
    "shares": "the applicability's proportions, as bundles of format 3 call them",
    "not_learned": "a reason that answers and logs of earlier versions hold",
    "learned_from": "a field of the model's published description",
}
"""Old words that files made by earlier versions contain; today's code reads and writes them there."""
IN_THE_CATALOGUE = "the dose itself is judged by the features beside this one"
"""A change would change the catalogue's digest, and every bundle would be refused."""
NO_NOUNS = ("Told", "Alone", "Wanted", "Asked", "Found", "Laid", "Reached", "Learned", "Judged", "Moment")
NOUNS_THAT_LOOK_OTHERWISE = {"Crossing", "Finding", "Monitoring", "Reading", "Retraining", "Training"}
PREPOSITIONS = re.compile(r"_?(After|Across|At|By|From|In|Of|On|To|With)[A-Z]")


def texts() -> list[Path]:
    """What people read beside the code: guides, templates and settings; not the changelog, which tells of old names."""
    folders = [ROOT / name for name in ("features", "models", "training", "serving", "tests")]
    found = [path for folder in folders for kind in ("*.md", "*.html", "*.toml") for path in folder.rglob(kind)]
    return [*found, ROOT / "README.md", ROOT / "GLOSSARY.md", ROOT / "Makefile"]


def classes() -> dict[str, list[str]]:
    """Every top-level class of the project, with the files that define it."""
    found = defaultdict(list)
    for path in files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def names() -> set[str]:
    """Every name that the code uses: of classes, functions, arguments, keywords, variables and attributes."""
    found = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            values = [getattr(node, field, None) for field in ("id", "attr", "name", "arg", "asname")]
            found |= {value for value in values if isinstance(value, str)}
    return found


def words(name: str) -> set[str]:
    """The words of a name, however it joins them: ``modelShelf``, ``model_shelf`` and ``ModelShelf`` hold two."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def terms() -> list[tuple[str, str]]:
    """Each term of the glossary with its name in the code."""
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    return re.findall(r"^\| ([^|]+) \| `(\w+)` \|", "\n".join(lines), re.MULTILINE)


def test_no_two_classes_share_a_name() -> None:
    assert not {name: places for name, places in classes().items() if len(places) > 1}


def test_classes_are_named_by_nouns() -> None:
    bare = {name for name in classes() if re.fullmatch(r"_?[A-Z][a-z]+(ed|ing)", name)}
    assert not {name for name in bare if name.strip("_") not in NOUNS_THAT_LOOK_OTHERWISE}, "a bare participle"
    assert not {name for name in classes() if PREPOSITIONS.match(name)}, "a preposition"
    assert not set(NO_NOUNS) & {name.strip("_") for name in classes()}


def test_the_glossary_has_at_most_sixty_terms_each_once() -> None:
    listed = [term for term, _ in terms()]
    assert 40 < len(listed) <= MOST_TERMS
    assert len(set(listed)) == len(listed)


def test_terms_are_written_as_the_code_writes_them() -> None:
    assert not {name for _, name in terms()} - names(), "no name of the code"


def test_pictures_have_given_way_to_the_words_of_the_field() -> None:
    assert not {name for name in names() if words(name) & PICTURES and name.lower() not in STORED}


def sentences(path: Path) -> list[tuple[int, str]]:
    """The lines of a text; of code, those of its sentences: strings with a space, docstrings among them."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return list(enumerate(text.splitlines(), 1))
    strings = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    kept = [(node.lineno, node.value) for node in strings if isinstance(node.value, str) and " " in node.value]
    return [(first + more, line) for first, value in kept for more, line in enumerate(value.splitlines())]


PICTURE = re.compile(
    r"(?<![\w.`\"'])(" + "|".join(sorted(PICTURES - {"planted", "trials", "shares"})) + r")(?![\w`\"'])"
)
"""In running text; there a clinical trial, a planted value and "what two share" are plain English."""


@pytest.mark.parametrize("folder", ["features", "models", "training", "serving", "."])
def test_what_people_read_has_the_words_of_the_field_too(folder: str) -> None:
    inside = [path for path in texts() if path.relative_to(ROOT).parts[0] == folder or folder == "."]
    code = [path for path in files() if path.relative_to(ROOT).parts[0] == folder]
    found = [
        (path, *line)
        for path in [*inside, *code]
        for line in sentences(path)
        if PICTURE.search(line[1].replace(IN_THE_CATALOGUE, ""))
    ]
    assert not [f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}" for path, number, line in found]


def test_modules_named_in_texts_exist() -> None:
    """In guides and docstrings, `training/learning/fit.py` and `training.learning.fit` are addresses."""
    address = re.compile(r"`{1,2}((?:features|models|training|serving|tests)(?:[./][a-z_]+)+)(\.py)?`{1,2}")
    lost = []
    for path in [*texts(), *files()]:
        for found in address.finditer(path.read_text(encoding="utf-8")):
            parts = re.split(r"[./]", found[1].removesuffix(".py"))
            places = [ROOT.joinpath(*parts[:n]) for n in range(len(parts) - 1, len(parts) + 1)]
            if not any(place.is_dir() or place.with_suffix(".py").is_file() for place in places):
                lost.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert not lost
