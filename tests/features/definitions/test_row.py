"""The compiled row of a patient has each computed feature in its place of the catalogue."""

from typing import get_type_hints

import numpy as np

from features.catalogue import BUILT_IN
from features.definitions.known_patient import KnownPatient
from features.definitions.patient_context import PatientColumn
from features.definitions.row import COMPUTED, _write_row
from features.protocol.columns import ROUTES

PATIENTS = 60


def random_patient(rng: np.random.Generator) -> KnownPatient:
    """A patient of whom every number is drawn, so that no two features are the same."""

    def drawn(kind: type) -> object:
        hints = get_type_hints(kind)
        numbers = {
            name: drawn(one) if hasattr(one, "_fields") else one(rng.uniform(0, 6)) for name, one in hints.items()
        }
        route = {"route": int(rng.integers(-1, len(ROUTES)))} if "route" in hints else {}
        return kind(**numbers | route)

    patient = drawn(KnownPatient)
    assert isinstance(patient, KnownPatient)
    return patient


def test_a_row_has_the_features_in_the_order_of_the_catalogue() -> None:
    rng = np.random.default_rng(0)
    functions = [feature.function for feature in BUILT_IN[:COMPUTED]]
    assert all(isinstance(feature.function, PatientColumn) for feature in BUILT_IN[COMPUTED:])
    rows, expected = np.full((2, PATIENTS, COMPUTED), np.nan)
    for row, each in zip(rows, expected, strict=True):
        patient = random_patient(rng)
        _write_row(patient, row)
        each[:] = [function(patient) for function in functions]  # type: ignore[operator, arg-type]
    np.testing.assert_array_equal(rows, expected)
    assert len(np.unique(expected, axis=1).T) == COMPUTED, "two features that no patient tells apart"
