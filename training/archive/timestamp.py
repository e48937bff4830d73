"""The time stamp of a package: RFC 3161 over its manifest, as `openssl ts -verify` checks it."""

from collections.abc import Mapping
from pathlib import Path

from training.archive.layout import MANIFEST, TIMESTAMP
from training.timestamps import check_stamp_of
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed


def timestamp_verdict(files: Mapping[str, bytes], certificates: Path | None) -> Verdict:
    """An authority confirmed that the manifest was there at a time; ``certificates`` has its roots, in PEM.

    Without them nothing tells whose stamp it is.
    """
    check = "time stamp"
    if TIMESTAMP not in files:
        none = "the package has no time stamp"
        return failed(check, none) if certificates else does_not_apply(check, none)
    found = check_stamp_of(TIMESTAMP, files[TIMESTAMP], files.get(MANIFEST, b""), certificates)
    if found.wrong:
        return failed(check, f"{TIMESTAMP}: {found.wrong}")
    when = f"{found.at:%Y-%m-%dT%H:%M:%SZ}" if found.at else "an unknown time"
    if not found.checked:
        return not_checked(check, f"it says {when}; give the authority's certificates with --timestamp-certificates")
    return passed(check, f"{MANIFEST} was there at {when}, by an authority with the given certificates")
