"""A cohort's folder written anew as a cohort in parts."""

import shutil
from pathlib import Path

import pandas as pd

from features.protocol.columns import TABLES


def in_parts(source: Path, target: Path, files_of_a_site: int = 2) -> Path:
    """Every table as a folder with a folder for each site, which holds so many files of about as many patients."""
    tables = {name: pd.read_csv(source / f"{name}.csv") for name in TABLES if (source / f"{name}.csv").exists()}
    patients = tables["patients"]
    for site, of_site in patients.groupby("site_id"):
        for number in range(files_of_a_site):
            ids = set(of_site["patient_id"].iloc[number::files_of_a_site])
            for name, rows in tables.items():
                path = target / name / f"site={site}" / f"part-{number}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                kept = rows[rows["patient_id"].isin(ids)]
                kept.drop(columns=["site_id"], errors="ignore").to_parquet(path, index=False)
    shutil.copy(source / "protocol.toml", target)
    return target
