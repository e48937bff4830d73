"""HTML is in templates and nowhere else: what is missing is an error, and what is given stays text."""

import re
import tomllib
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tests.places import ROOT
from tests.test_imports import files
from training.report.templating import rendered

FOLDERS = sorted((ROOT / "training").rglob("templates"))
TAG = re.compile(
    r"</?(?:a|article|aside|b|body|br|button|caption|code|dd|details|div|dl|dt|em|figcaption|figure|footer|h[1-6]?|head"
    r"|header|html|i|img|label|li|link|main|meta|nav|ol|p|script|section|span|strong|style|summary|t[dhr]|table|tbody"
    r"|thead|ul)[ >{/]",
    flags=re.IGNORECASE,
)


def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'about' is undefined"):
        rendered("training.report", "report.html")


def test_every_value_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clinic" / "templates").mkdir(parents=True)
    (tmp_path / "clinic" / "__init__.py").touch()
    page = (
        '{% from "macros.html" import bullets, link %}{{ bullets(names) }}{{ link(names[0], names[0]) }}{{ names[0] }}'
    )
    (tmp_path / "clinic" / "templates" / "page.html").write_text(page, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    written = rendered("clinic", "page.html", names=['<b title="x">Zürich</b>'])
    assert written.count("&lt;b title=&#34;x&#34;&gt;Zürich&lt;/b&gt;") == 4
    assert "<b" not in written


@pytest.mark.parametrize("words", ["<p>", '<div class="', "</table>", "<h{0} id=", "<a href=", "<br/>", "<b>"])
def test_a_tag_in_python_would_be_noticed(words: str) -> None:
    assert TAG.search(words)


def test_python_holds_no_tag_of_html() -> None:
    """SVG is no tag of the page: `training.report.figures.svg` and the plots compute it and return a figure."""
    assert not [path for path in files() if TAG.search(path.read_text(encoding="utf-8"))]


def test_every_template_is_installed_with_its_package() -> None:
    installed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    packages = {".".join(folder.parent.relative_to(ROOT).parts) for folder in FOLDERS}
    assert len(packages) == 5
    assert all(installed[package] == ["templates/*"] for package in packages)
    assert {path.suffix for folder in FOLDERS for path in folder.iterdir()} == {".html", ".css"}
