"""Seconds to build the features of a cohort, of one patient, and of a sample in plain pandas.

`python -m ... FOLDER SAMPLE` prints one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from features.build import build_features
from tests.benchmarks.plain_pandas import frames_of, plain_features
from training.cohort.reader import read_cohort


def seconds(work: Callable[[], object], times: int) -> float:
    """Median duration of so many calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main(folder: Path, sample: int) -> dict[str, float]:
    """All durations, in seconds, and what they were for; the sample is spread evenly over the cohort.

    The one patient is the one in the middle, in a cohort of one as the service makes it from a request.
    """
    cohort = read_cohort(folder)
    landmarks = cohort.protocol.landmarks
    few = cohort.take(np.unique(np.linspace(0, len(cohort) - 1, sample).astype(np.intp)))
    one = cohort.take(np.array([len(cohort) // 2]))
    frames = frames_of(few)
    return {
        "patients": len(cohort),
        "ratings": len(cohort.assessments),
        "landmarks": len(landmarks),
        "all_landmarks": seconds(lambda: [build_features(cohort, landmark) for landmark in landmarks], 3),
        "last_landmark": seconds(lambda: build_features(cohort, landmarks[-1]), 3),
        "one_patient": seconds(lambda: build_features(one, landmarks[-1]), 2000),
        "sampled": len(few),
        "plain": seconds(lambda: plain_features(frames, cohort.protocol, landmarks[-1]), 1),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
