"""What a package may hold: an artifact that nobody has looked at stays out."""

import pytest

from training.archive.contents import goes_in

RUN, MODEL = "0" * 32, f"m-{'0' * 32}"


@pytest.mark.parametrize(
    ("owner", "name", "with_predictions", "expected"),
    [
        (RUN, "evidence.json", False, True),
        (RUN, "figures/sites.svg", False, True),
        (RUN, "held_out_predictions.parquet", False, False),
        (RUN, "held_out_predictions.parquet", True, True),
        (RUN, "record.zip", True, False),
        (RUN, "rows.csv", True, False),
        (RUN, "figures/patients.csv", True, False),
        (MODEL, "artifacts/bundle/manifest.json", False, True),
        (MODEL, "code/models/bundle.py", False, True),
        (MODEL, "evidence.json", False, False),
        (MODEL, "artifacts/cohort.parquet", True, False),
    ],
)
def test_only_what_is_known_to_be_without_patients_goes_in(
    owner: str, name: str, with_predictions: bool, expected: bool
) -> None:
    assert goes_in(owner, name, with_predictions=with_predictions) is expected
