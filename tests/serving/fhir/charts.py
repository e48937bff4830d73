"""Charts of synthetic patients for tests, each with its record as days and the calendar of its course."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from features.protocol.document import Protocol
from serving.fhir.reading.options import ReadingDefaults
from tests.serving.fhir.synthetic_bundles import SyntheticChart, bundle_of, chart_of, parameters_of
from tests.serving.requests import Document, request_of
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Australia/Sydney", "Asia/Kolkata")


@dataclass(frozen=True)
class ChartCase:
    """A synthetic patient's record as days, the same as a chart and as a body, and what the reading is given."""

    document: Document
    chart: SyntheticChart
    body: bytes
    defaults: ReadingDefaults


def chart_cases(patients: int, seed: int, folder: Path) -> Iterator[ChartCase]:
    """Charts on a day of each patient's course, half as a Bundle and half as Parameters."""
    write_cohort(simulate_cohort(patients, 3, seed), folder)
    cohort = read_cohort(folder)
    rng = np.random.default_rng(seed)
    for number in range(patients):
        doses = cohort.sessions.numbers("day")[cohort.sessions.patient == number]
        document = request_of(cohort, number, int(rng.integers(0, max(doses, default=0) + 60)))
        first_dose = dt.date(2023, 1, 1) + dt.timedelta(days=int(rng.integers(900)))
        zone = ZoneInfo(ZONES[number % len(ZONES)])
        chart = chart_of(document, first_dose, zone, rng)
        body = parameters_of(chart) if number % 2 else bundle_of(chart)
        yield ChartCase(document, chart, body, _defaults(chart, cohort.protocol))


def _defaults(chart: SyntheticChart, protocol: Protocol) -> ReadingDefaults:
    today = chart.first_dose + dt.timedelta(days=chart.document["as_of_day"])
    return ReadingDefaults(lambda _: today, chart.zone, protocol)
