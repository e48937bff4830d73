"""What the guides and the docstrings say about the Python interface is so: every name is there, every example runs."""

import ast
import doctest
import inspect
import re
from pathlib import Path

import pytest

import training
from tests.places import ROOT
from tests.training.commands import SameProcess
from training.api.cohorts import LoadedCohort

GUIDES = ("README.md", "training/README.md")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = ("Parameters", "Returns", "Raises", "Examples")


def blocks(guide: str) -> list[str]:
    """The Python of a guide that uses the interface."""
    found = BLOCK.findall((ROOT / guide).read_text(encoding="utf-8"))
    return [block for block in found if "from training import" in block]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_documented_name_is_exported(guide: str) -> None:
    imports = [
        node for block in blocks(guide) for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)
    ]
    named = {one.name for node in imports if node.module == "training" for one in node.names}
    assert named
    assert named <= set(training.__all__)


def test_every_exported_name_is_documented_in_the_guide() -> None:
    text = (ROOT / "training/README.md").read_text(encoding="utf-8").partition("## In Python")[2]
    assert not [name for name in training.__all__ if f"`{name}(" not in text]


@pytest.mark.parametrize("name", training.__all__)
def test_every_docstring_has_its_sections_and_names_every_argument(name: str) -> None:
    function = getattr(training, name)
    words = inspect.getdoc(function) or ""
    for section in SECTIONS:
        assert re.search(rf"^{section}\n-+$", words, re.MULTILINE), section
    parameters = words.partition("Parameters\n")[2].partition("Returns\n")[0]
    listed = [each for line in re.findall(r"^(\w[\w, ]*) : ", parameters, re.MULTILINE) for each in line.split(", ")]
    assert listed == list(inspect.signature(function).parameters)


@pytest.mark.slow
@pytest.mark.parametrize("name", training.__all__)
def test_every_example_runs(name: str, store: SameProcess, cohort: LoadedCohort) -> None:
    """In a folder whose store has version 1, with ``cohort`` as read from a folder."""
    function = getattr(training, name)
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(function) or "", {"cohort": cohort}, name, None, 0)
    assert examples.examples
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert not said, "".join(said)


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES)
def test_the_python_of_a_guide_runs(guide: str, tmp_path: Path, one_landmark: Path) -> None:
    """On the small cohort, in a store of its own, and quickly: paths and settings are those of this test."""
    folder = repr(str(one_landmark))
    small = {'"demo-cohort"': folder, '"other-clinic"': folder, "train(cohort": "train(cohort, **quickly"}
    quickly = {"settings": {"training": {"draws": 20, "folds": 3}}, "candidates": ["no_model", "one_variable"]}
    place = {"quickly": quickly | {"quick": True, "workers": 1}}
    code = "\n".join(blocks(guide))
    for written, here in small.items():
        code = code.replace(written, here)
    with SameProcess(tmp_path).in_use():
        exec(compile(code, guide, "exec"), place)  # noqa: S102 - our own guide
