"""Where a log's pages were split many times, an erasure still leaves nothing of the patient in the file."""

import random
from pathlib import Path

from sqlalchemy import select

from serving.log.append import Draft
from serving.log.content import fingerprint
from serving.log.erasure import erase_patient
from serving.log.queries import content_keys
from serving.storage.database import reading
from tests.serving.logs import SECRET, draft, log_in, logged

GROUPS, EACH, PATIENTS, ERASED = 3000, 7, 300, 40


def test_of_many_erased_patients_no_seed_or_fingerprint_stays_between_the_rows_of_a_page(tmp_path: Path) -> None:
    """Overwriting deleted rows alone left one of 5,578 values here."""
    log, drawn = log_in(tmp_path), random.Random(1)  # noqa: S311 - no secret
    numbers = [range(EACH * group, EACH * (group + 1)) for group in range(GROUPS)]
    logged(log, *([_draft(number, drawn.randrange(PATIENTS)) for number in group] for group in numbers))
    erased = {fingerprint(SECRET, "patient", SECRET.patient(f"P{one}")) for one in range(ERASED)}
    query = select(content_keys.c.seed, content_keys.c.patient, content_keys.c.idempotency)
    with reading(log) as connection:
        kept = {value for row in connection.execute(query) if row.patient in erased for value in row}
    assert len(kept) > GROUPS
    for one in range(ERASED):
        assert erase_patient(log, SECRET, f"P{one}", by="the clinic", reason="asked for")
    log.dispose()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [value for value in kept if value in written]


def _draft(number: int, patient: int) -> Draft:
    return draft(number, patient=SECRET.patient(f"P{patient}"), idempotency=f"k{number}")
