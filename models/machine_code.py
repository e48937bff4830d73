"""Compiles what training and the service call before anybody waits for it: ``python -m models.machine_code``.

`make setup` and the image of the service run it. Without it the first process that needs a function compiles it.
"""

import os
import sys
from dataclasses import replace
from typing import NoReturn

import numpy as np

from features.build import build_features
from features.compilation.code_files import BESIDE_SOURCES
from features.compilation.dispatchers import KEPT, compiled_during
from features.protocol.document import Landmark, Protocol, RemissionRule
from features.records.portions import rows_by_patient
from models.reference_inputs import cohort_of_reference_inputs, draw_reference_inputs


def call_every_function() -> None:
    """Build rows of made-up patients for both kinds of study, with complete records and with some that end today."""
    rows_by_patient(np.zeros(1, dtype=np.int32), patients=1)
    for at_landmark in (False, True):
        protocol = Protocol(remission=RemissionRule(at_landmark=at_landmark))
        complete = cohort_of_reference_inputs(draw_reference_inputs(protocol), protocol)
        for cohort in (complete, replace(complete, as_of_day=np.full(len(complete), 14.0))):
            for landmark in (*protocol.landmarks, Landmark("day_14", day=14)):
                build_features(cohort, landmark)


def main() -> None:
    """Compile and keep the code beside the sources, for all users; the exit code is 3 where it can't be kept."""
    folder = BESIDE_SOURCES if BESIDE_SOURCES.exists() else BESIDE_SOURCES.parent
    if not os.access(folder, os.W_OK):
        _refuse(f"{folder} can't be written; run this as its owner")
    sys.dont_write_bytecode = False
    number = compiled_during(call_every_function)
    if any(path is None or path.parent != BESIDE_SOURCES for path in KEPT):
        _refuse(f"writing to {folder} failed; look whether the disk is full")
    sys.stdout.write(f"compiled {number} functions\n" if number else "nothing to compile\n")


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"machine code can't be kept: {why}\n")
    sys.exit(3)


if __name__ == "__main__":
    main()
