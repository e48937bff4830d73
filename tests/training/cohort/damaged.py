"""A small cohort with every table, as text, and what programs and hands do to such files on the way."""

from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd

Files = dict[str, bytes]
Damage = Callable[[Files], Files]

_TABLES = {
    "patients.csv": """\
patient_id,site_id,age_years,sex,diagnosis,comorbid_ptsd,prior_treatments_recorded,body_mass_index
12,Zürich,41,female,gad,true,true,22.5
13,Zürich,,male,social_anxiety,false,true,
14,north,38,,panic,,,31.25
""",
    "prior_treatments.csv": """patient_id,treatment,start_day,end_day,adequate,outcome
12,ssri,-900,-400,true,no_response
13,cbt,-200,,false,partial_response
""",
    "sessions.csv": """patient_id,session_number,day,kind,route,dose_mg_per_kg,adverse_event
12,1,0,dosing,intramuscular,0.75,false
12,2,7,dosing,intramuscular,0.9,true
13,1,0,dosing,sublingual,,
""",
    "assessments.csv": """patient_id,day,instrument,score
12,-3,gad7,16
12,30,gad7,4
13,0,lsas,70
14,0,pdss,15
""",
    "events.csv": """patient_id,day,event
12,200,end_of_follow_up
13,90,withdrawal
""",
}


CLEAN: Files = {name: text.encode() for name, text in _TABLES.items()}
"""The tables as they should be."""


def with_ids(**ids: str) -> Files:
    """The tables with other patient ids: ``_12="0012"``."""
    files = dict(CLEAN)
    for old, new in ids.items():
        for name, content in files.items():
            lines = content.decode().splitlines(keepends=True)
            number = old.removeprefix("_")
            kept = [new + line.removeprefix(number) if line.startswith(f"{number},") else line for line in lines]
            files[name] = "".join(kept).encode()
    return files


def write(files: Files, folder: Path) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def put(table: str, old: str, new: str, count: int = -1) -> Damage:
    """A piece of the text of a table or of the protocol replaced."""

    def damage(files: Files) -> Files:
        name = "protocol.toml" if table == "protocol" else f"{table}.csv"
        text = files[name].decode()
        assert old in text
        return files | {name: text.replace(old, new, count).encode()}

    return damage


def in_order(*damages: Damage) -> Damage:
    def damage(files: Files) -> Files:
        for one in damages:
            files = one(files)
        return files

    return damage


def every(change: Callable[[str], str | bytes], *tables: str) -> Damage:
    """The text of these tables changed; without names, of every table."""

    def damage(files: Files) -> Files:
        changed = {}
        for name in [f"{table}.csv" for table in tables] or files:
            content = change(files[name].decode())
            changed[name] = content if isinstance(content, bytes) else content.encode()
        return files | changed

    return damage


def encoded(encoding: str, *tables: str) -> Damage:
    return every(lambda text: text.encode(encoding), *tables)


def european(text: str) -> str:
    """Semicolons between cells and decimal commas, as spreadsheets write in most of Europe."""
    return text.replace(",", ";").replace(".", ",")


def through_pandas(files: Files) -> Files:
    """Each table read and written by pandas with the settings that it has by itself, index and all."""
    return {name: pd.read_csv(BytesIO(content)).to_csv().encode() for name, content in files.items()}


def as_parquet(
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame, *, tables: tuple[str, ...] = ()
) -> Damage:
    """Tables as pandas writes them into Parquet, after a change; without names, every table."""

    def damage(files: Files) -> Files:
        written = dict(files)
        for name in [f"{table}.csv" for table in tables] or files:
            buffer = BytesIO()
            change(pd.read_csv(StringIO(written.pop(name).decode()))).to_parquet(buffer)
            written[name.replace(".csv", ".parquet")] = buffer.getvalue()
        return written

    return damage


def renamed(old: str, new: str) -> Damage:
    def damage(files: Files) -> Files:
        return {new if name == old else name: content for name, content in files.items()}

    return damage


def semicolons(*tables: str) -> Damage:
    return every(european, *tables)


LETTER_IDS = with_ids(_12="a1", _13="b1", _14="c1")
ZERO_IDS = with_ids(_12="0012", _13="0013", _14="0014")


def with_category(name: str, cell: str, levels: str) -> Files:
    """The tables and a covariate of these levels, of which every patient has the one in ``cell``."""
    added = every(lambda text: text.replace("\n", f",{cell}\n").replace(f",{cell}", f",{name}", 1), "patients")(CLEAN)
    covariate = f'[[covariates]]\nname = "{name}"\nkind = "category"\nlevels = {levels}\nmeaning = "where or which"\n'
    return added | {"protocol.toml": covariate.encode()}


REGIONS = with_category("region", "na", '["eu", "na"]')
"""With a category of which one level looks like a mark for a missing value."""

GROUPS = with_category("arm", "1", '["1", "2"]')
"""With a category whose levels are numbers."""
