"""One word for one thing: classes are unique nouns, the glossary writes terms as the code does, no picture is left."""

import ast
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.test_imports import files

MOST_TERMS = 60
PICTURE = re.compile(
    "desks?|gates?|shelf|shelves|envelopes?|lessons?|teach|teaches|teaching|taught|learned|unlearned|probes?|"
    "judge[sd]?|judging|prove[sdn]?|proving|proofs?|examine[sd]?|examining|examinations?|repetitions?|reproductions?|"
    "bets?|fates?|schematics?|drawings|whoever|mend(s|ed|ing)?"
)
"""Words that gave way to the field's (request batcher, access control, model loader, training data, fitted, reference
inputs, evaluate, evidence, promotion checks, retraining, refit check, e-process, outcome, figure) or to plain English.
"""
PICTURE_IN_NAMES = re.compile("planted|shares|moved|told|hundred")
"""In running text a planted value and "what two share" are plain English."""
PHRASE = "row_plots?|in_words|future_rewritten|named_log|lasting_connection|planted_copy|for_ever|come_again"
STORED = {
    "--in-words": "an option of `kap predict` that scripts use",
    "dsseEnvelope": "the signed part of a signature, as Sigstore's format calls it",
    "learned": "the heads of a landmark in a bundle's manifest",
    "learned_from": "a field of the model's published description",
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), "fields of a Kubernetes manifest"),
    "not_learned": "a reason that answers and logs of earlier versions hold",
    "probes.json": "the reference inputs in a bundle",
    "reproduction": "the refit check, as evidence of 0.4.0 calls it",
    "shares": "the applicability's proportions, as bundles of format 3 call them",
    "synthetic-probe-": "ids of the reference inputs, part of a bundle's digest",
}
"""Old words in files, answers and commands that exist already; each is still in use."""
IN_THE_CATALOGUE = "the dose itself is judged by the features beside this one"
"""A change would change the catalogue's digest, and every bundle would be refused."""
NOT_AS_LAST = re.compile(
    "[a-z]+(ed|ing)|told|alone|found|laid|drawn|taken|seen|after|across|at|by|from|in|of|on|to|with"
)
"""Participles and prepositions, which leave out what a class is."""
NOUNS = {
    "censoring", "crossing", "finding", "mapping", "monitoring", "reading", "retraining", "ring", "rounding",
    "scheduling", "scoring", "training", "warning",
}  # fmt: skip
NO_NOUNS = {"EndedBy": "a term of the glossary"}
PREPOSITIONS = re.compile(r"_?(After|Across|At|By|From|In|Of|On|To|With)[A-Z]")


def sources() -> list[Path]:
    """The code of product and tests, but for the files of version 0.4.0 and for this file, which lists old words."""
    tests = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "version_0_4_0" not in path.parts]
    return [*files(), *(path for path in tests if path != Path(__file__))]


@cache
def nodes(path: Path) -> list[ast.AST]:
    """The syntax tree of a file, flat."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def texts() -> list[Path]:
    """What people read beside the code: guides, templates and settings; not the changelog, which tells of old names."""
    folders = [ROOT / name for name in ("features", "models", "training", "serving", "tests")]
    found = [path for folder in folders for kind in ("*.md", "*.html", "*.toml") for path in folder.rglob(kind)]
    found = [path for path in found if "version_0_4_0" not in path.parts]
    return [*found, ROOT / "README.md", ROOT / "GLOSSARY.md", ROOT / "Makefile"]


@cache
def classes() -> dict[str, list[str]]:
    """Every top-level class of the project, with the files that define it."""
    found = defaultdict(list)
    for path in sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def names(paths: Sequence[Path]) -> set[str]:
    """Every name that code uses: of classes, functions, arguments, keywords, variables, attributes and files."""
    fields = ("id", "attr", "name", "arg", "asname")
    values = {getattr(node, field, None) for path in paths for node in nodes(path) for field in fields}
    return {value for value in values if isinstance(value, str)} | {path.stem for path in paths}


def labels() -> set[str]:
    """Every string of one word: keys, codes and names of files."""
    strings = {node.value for path in sources() for node in nodes(path) if isinstance(node, ast.Constant)}
    return {value.rpartition("/")[2] for value in strings if isinstance(value, str) and not re.search(r"\s", value)}


def words(name: str) -> list[str]:
    """The words of a name, however it joins them: ``modelShelf``, ``model_shelf`` and ``ModelShelf`` hold two."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def is_picture(name: str) -> bool:
    """Whether a name has a word, or words in a row, that gave way."""
    parts = words(name)
    return any(PICTURE.fullmatch(word) or PICTURE_IN_NAMES.fullmatch(word) for word in parts) or bool(
        re.search(rf"(^|_)({PHRASE})(_|$)", "_".join(parts))
    )


def terms() -> list[tuple[str, str]]:
    """Each term of the glossary with its name in the code."""
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    return re.findall(r"^\| ([^|]+) \| `(\w+)` \|", "\n".join(lines), re.MULTILINE)


def test_no_two_classes_share_a_name() -> None:
    assert not {name: places for name, places in classes().items() if len(places) > 1}


def test_classes_are_named_by_nouns() -> None:
    last = {name: words(name)[-1] for name in classes() if name not in NO_NOUNS}
    assert not {name for name, word in last.items() if NOT_AS_LAST.fullmatch(word) and word not in NOUNS}
    assert not {name for name in classes() if PREPOSITIONS.match(name)}, "a preposition"
    assert classes().keys() >= NO_NOUNS.keys()
    assert set(last.values()) >= NOUNS


def test_the_glossary_has_at_most_sixty_terms_each_once() -> None:
    listed = [term for term, _ in terms()]
    assert 40 < len(listed) <= MOST_TERMS
    assert len(set(listed)) == len(listed)


def test_terms_are_written_as_the_code_writes_them() -> None:
    assert not {name for _, name in terms()} - names(files()), "no name of the code"


def test_pictures_have_given_way_to_the_words_of_the_field() -> None:
    used = names(sources()) | labels()
    assert not {name for name in used if is_picture(name)} - STORED.keys()
    assert used >= STORED.keys()


@pytest.mark.parametrize(
    "name", ["ModelShelf", "judged_rows", "answerProves", "rows_in_words", "NamedLog", "planted-copy", "test_as_told"]
)
def test_a_picture_is_found_however_a_name_joins_it(name: str) -> None:
    assert is_picture(name)


def sentences(path: Path) -> list[tuple[int, str]]:
    """The lines of a text; of code, those of its sentences: strings with a space, docstrings among them."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return list(enumerate(text.splitlines(), 1))
    strings = [node for node in nodes(path) if isinstance(node, ast.Constant)]
    kept = [(node.lineno, node.value) for node in strings if isinstance(node.value, str) and " " in node.value]
    return [(first + more, line) for first, value in kept for more, line in enumerate(value.splitlines())]


IN_TEXT = re.compile(rf"(?<![\w.`\"'/])({PICTURE.pattern})(?![\w`\"']|[.]json)", re.IGNORECASE)


@pytest.mark.parametrize("folder", ["features", "models", "training", "serving", "tests", "."])
def test_what_people_read_has_the_words_of_the_field_too(folder: str) -> None:
    inside = [path for path in texts() if path.relative_to(ROOT).parts[0] == folder or folder == "."]
    code = [path for path in sources() if path.relative_to(ROOT).parts[0] == folder]
    found = [
        (path, *line)
        for path in [*inside, *code]
        for line in sentences(path)
        if IN_TEXT.search(line[1].replace(IN_THE_CATALOGUE, ""))
    ]
    assert not [f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}" for path, number, line in found]


def test_modules_named_in_texts_exist() -> None:
    """In guides and docstrings, `training/learning/fit.py` and `training.learning.fit` are addresses."""
    address = re.compile(r"`{1,2}((?:features|models|training|serving|tests)(?:[./][a-z_]+)+)(\.py)?`{1,2}")
    lost = []
    for path in [*texts(), *sources()]:
        for found in address.finditer(path.read_text(encoding="utf-8")):
            parts = re.split(r"[./]", found[1].removesuffix(".py"))
            places = [ROOT.joinpath(*parts[:n]) for n in range(len(parts) - 1, len(parts) + 1)]
            if not any(place.is_dir() or place.with_suffix(".py").is_file() for place in places):
                lost.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert not lost
