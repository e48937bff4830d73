"""How this processor computes: which linear algebra and vector instructions round the last digit of a training.

And on how many threads: recipes compute on one.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import scipy.linalg  # noqa: F401 - loads SciPy's linear algebra, so that it is seen
from threadpoolctl import threadpool_info, threadpool_limits

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def arithmetic() -> str:
    """The linear algebra with its processor family, and NumPy's vector instructions, as one line.

    Two machines with the same line give the same bytes; with different ones the last digits may differ.
    """
    libraries = sorted(
        {
            f"{found['internal_api']} {found['version']} {found.get('architecture', '')}".strip()
            for found in threadpool_info()
            if found["user_api"] == "blas"
        }
    )
    vectors = np.show_config(mode="dicts")["SIMD Extensions"]
    return "; ".join([*libraries, f"vectors {' '.join([*vectors['baseline'], *vectors.get('found', [])])}"])


def on_one_thread(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function with linear algebra on one thread: sums keep their order, and small ones wait for no other thread.

    Processes, not threads, use the other processors.
    """

    @wraps(function)
    def limited(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with threadpool_limits(limits=1):
            return function(*arguments, **named)

    return limited
