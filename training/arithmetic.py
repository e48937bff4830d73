"""How this processor computes: which linear algebra and vector instructions round the last digit of a training."""

import numpy as np
import scipy.linalg  # noqa: F401 - loads SciPy's linear algebra, so that it is seen
from threadpoolctl import threadpool_info


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
