"""Rows of drawn patients, all through whatever holds them."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rows_of(values: Any, rows: NDArray[np.int64]) -> Any:
    """A value with its first axis taken at ``rows``, all through dataclasses and dictionaries; others stay."""
    if is_dataclass(values) and not isinstance(values, type):
        return type(values)(**{field.name: rows_of(getattr(values, field.name), rows) for field in fields(values)})
    if isinstance(values, dict):
        return {name: rows_of(value, rows) for name, value in values.items()}
    return values[rows] if isinstance(values, np.ndarray) else values
