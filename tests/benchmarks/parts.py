"""Parts of a benchmark, measured one after the other: one that fails is a line of the table and stops no other."""

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.measure import machine, say
from tests.benchmarks.table import BenchmarkLine, table

Part = Callable[[], Iterator[BenchmarkLine]]


@dataclass
class Report:
    """What was measured so far; ``failed`` has the names of parts that could not be."""

    lines: list[BenchmarkLine] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def measure(self, name: str, part: Part) -> None:
        """Take the lines of a part, up to where it fails; why it failed goes to standard error."""
        try:
            self.lines.extend(part())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are measured
            say(traceback.format_exc())
            why = (str(error).strip() or type(error).__name__).splitlines()[-1]
            self.lines.append(BenchmarkLine(f"the part {name}", f"failed: {why}", "", False))
            self.failed.append(name)


def measured(parts: Mapping[str, Part], packages: Sequence[str] | None = None) -> Report:
    """Measure parts in their order and print the table, also if that is interrupted."""
    report = Report()
    try:
        for name, part in parts.items():
            report.measure(name, part)
    finally:
        print(table(report.lines))
        print(f"\n{machine(packages) if packages else machine()}", flush=True)
    return report


def end(report: Report, faults: Sequence[str] = ()) -> None:
    """Exit with a message if parts failed or answers were wrong."""
    said = [f"not measured: {', '.join(report.failed)}"] if report.failed else []
    said += ["wrong answers:", *faults] if faults else []
    if said:
        sys.exit("\n".join(said))
