"""A benchmark prints what it could measure, and fails for what it could not."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.parts import end, measured
from tests.benchmarks.table import BenchmarkLine


def whole() -> Iterator[BenchmarkLine]:
    yield BenchmarkLine("whole", "1 s", "", None)


def broken() -> Iterator[BenchmarkLine]:
    yield BenchmarkLine("before it broke", "2 s", "", None)
    raise RuntimeError("kap train\nthe folder is not empty")


def test_a_part_that_fails_takes_no_other_line_along(capsys: pytest.CaptureFixture[str]) -> None:
    report = measured({"first": broken, "second": whole})
    shown = capsys.readouterr().out
    assert [line.split("  ")[0] for line in shown.splitlines()[1:4]] == ["before it broke", "the part first", "whole"]
    assert "failed: the folder is not empty" in shown
    with pytest.raises(SystemExit, match="not measured: first"):
        end(report)


def test_what_was_measured_is_shown_if_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> Iterator[BenchmarkLine]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        measured({"first": whole, "second": stopped})
    assert "whole" in capsys.readouterr().out


def test_wrong_answers_fail_the_benchmark_and_whole_ones_do_not() -> None:
    report = measured({"first": whole})
    end(report)
    with pytest.raises(SystemExit, match="wrong answers:\n/v1/predict: 3 times no number"):
        end(report, ["/v1/predict: 3 times no number"])
