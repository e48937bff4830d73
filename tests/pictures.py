"""The pictures of the README, made from the demonstration: an answer in words, and the report's first screen.

``make pictures`` runs it after ``make demo``. Chromium draws the report; Debian's package of that name will do.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.places import ROOT

DEMO = ROOT / "demo"
PICTURES = ROOT / "training" / "report" / "pictures"
WIDTH, HEIGHT = 1280, 1000
MOST_BYTES = 400_000
"""Both pictures together."""


def answer() -> None:
    """The answer for the made-up patient as a terminal shows it, as SVG."""
    command = [Path(sys.executable).with_name("kap"), "predict", "patient.json", "--in-words"]
    done = subprocess.run(command, cwd=DEMO, capture_output=True, text=True, check=True)
    console = Console(record=True, width=104, file=StringIO())
    console.print(Text("$ kap predict patient.json --in-words\n\n" + done.stdout.strip()))
    drawn = console.export_svg(title="An answer, from a model of synthetic patients")
    # Without the fonts of another site: the picture makes no request.
    (PICTURES / "answer.svg").write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")


def report() -> None:
    """The first screen of the training's report as PNG."""
    (page,) = DEMO.glob("mlruns/*/*/artifacts/report.html")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        place = f"--screenshot={PICTURES / 'report.png'}"
        subprocess.run(
            ["chromium", *flags, f"--window-size={WIDTH},{HEIGHT}", place, page.as_uri()],
            capture_output=True, timeout=60, check=True,
        )  # fmt: skip


def main() -> None:
    """Make both; a sentence where something is absent."""
    if not DEMO.is_dir():
        sys.exit("there is no ./demo: run make demo first")
    if shutil.which("chromium") is None:
        sys.exit("chromium is not installed: install Debian's package of that name")
    PICTURES.mkdir(exist_ok=True)
    answer()
    report()
    size = sum(path.stat().st_size for path in PICTURES.iterdir())
    print(f"wrote {PICTURES.relative_to(ROOT)}: {size:,} bytes")  # noqa: T201
    if size > MOST_BYTES:
        sys.exit(f"the pictures have more than {MOST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
