"""The tables of the studies that share their trainings."""

from collections.abc import Sequence

from tests.studies.markdown import mean_over, plain, refusals, shown, table
from tests.studies.one_training import all_rows
from tests.studies.settings import Row, StudySettings

BY = ("mechanism", "patients", "missing", "landmark", "answer")


def _table(figures: dict[str, str], rows: Sequence[Row], by: Sequence[str] = BY) -> str:
    means = mean_over(rows, by, list(figures))
    header = [*by, "seeds", *figures.values()]
    lines = [
        [*(plain(row[name]) for name in by), plain(row["n"]), *(shown(row, name) for name in figures)] for row in means
    ]
    return table(header, lines) + "\n"


def _fitted_rows(settings: StudySettings) -> tuple[list[Row], str]:
    rows = all_rows(settings)
    return [row for row in rows if "refused" not in row], refusals(rows)


def attainable(settings: StudySettings) -> str:
    """Shares of the attainable information, by landmark and over the landmarks."""
    rows, refused = _fitted_rows(settings)
    figures = {"share": "share of the attainable (s.e.)"}
    over = tuple(name for name in BY if name != "landmark")
    by_landmark, together = _table(figures, rows), _table(figures, _by_seed(rows), over)
    return f"{by_landmark}\nMean over the landmarks:\n\n{together}{refused}"


def _by_seed(rows: Sequence[Row]) -> list[Row]:
    """The mean over landmarks within every seed, so that the standard error is that of seeds."""
    return mean_over(rows, ("mechanism", "patients", "missing", "seed", "answer"), ("share", "cox_share"))


def coverage(settings: StudySettings) -> str:
    """Coverage and median width of the 90% intervals; who has none of their own."""
    rows, refused = _fitted_rows(settings)
    figures = {"covered": "covered (s.e.)", "width": "median width (s.e.)", "interval_shown": "interval shown (s.e.)"}
    return _table(figures, rows) + refused


def mean_prediction(settings: StudySettings) -> str:
    """Mean prediction on fresh patients against the mean truth."""
    rows, refused = _fitted_rows(settings)
    figures = {
        "mean_predicted": "mean predicted (s.e.)",
        "mean_true": "mean true (s.e.)",
        "mean_difference": "difference (s.e.)",
    }
    return _table(figures, rows) + refused


def cox(settings: StudySettings) -> str:
    """The relapse head beside a plain Cox model on the same feature rows, by landmark and over the landmarks."""
    rows, refused = _fitted_rows(settings)
    rows = [row for row in rows if str(row["answer"]).startswith("relapse") and row.get("cox_share") is not None]
    figures = {"share": "share of the attainable (s.e.)", "cox_share": "Cox (s.e.)"}
    over = tuple(name for name in BY if name != "landmark")
    by_landmark, together = _table(figures, rows), _table(figures, _by_seed(rows), over)
    return f"{by_landmark}\nMean over the landmarks:\n\n{together}{refused}"
