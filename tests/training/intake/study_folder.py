"""The folder of a study that imports a clinic's data: exports, the mapping with its answers, the imported cohorts."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from training.cli.app import main
from training.intake.open_questions import open_questions


@dataclass(frozen=True)
class StudyFolder:
    """A folder in which `kap cohort map` and `kap cohort import` are run."""

    path: Path

    @property
    def mapping(self) -> Path:
        return self.path / "mapping.toml"

    def run(self, *arguments: str | Path) -> Result:
        """What comes of a command."""
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    def kap(self, *arguments: str | Path) -> str:
        """What `kap` prints; a command that fails, fails the test."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def map(self, source: str | Path, questions: int | None, answered: Callable[[str], str]) -> None:
        """Draft the mapping of a source, which asks so many questions, and answer them as a person would."""
        self.kap("cohort", "map", source, "--out", self.mapping)
        text = self.mapping.read_text(encoding="utf-8")
        asked = list(open_questions(tomllib.loads(text)))
        assert questions is None or len(asked) == questions, asked
        self.mapping.write_text(answered(text), encoding="utf-8")

    def imported(self, source: str | Path, name: str = "cohort") -> Path:
        """The cohort's folder that the mapping makes of a source, in one command."""
        self.kap("cohort", "import", source, self.path / name, "--map", self.mapping)
        return self.path / name
