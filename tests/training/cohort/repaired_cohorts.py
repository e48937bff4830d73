"""Damaged cohorts in which every cell has one meaning: name, clean tables, damage, sentences of repairs."""

from decimal import Decimal

from tests.training.cohort.damaged import (
    CLEAN,
    GROUPS,
    REGIONS,
    Damage,
    Files,
    as_parquet,
    encoded,
    european,
    every,
    in_order,
    put,
    semicolons,
    through_pandas,
    with_ids,
)


def na_for_empty(text: str) -> str:
    """As R writes it."""
    return "\n".join(",".join(cell or "NA" for cell in line.split(",")) for line in text.splitlines())


def quoted(text: str) -> str:
    return '"' + text.strip().replace(",", '","').replace("\n", '"\r\n"') + '"\r\n'


REPAIRED: list[tuple[str, Files, Damage, list[str]]] = [
    ("nothing to repair", CLEAN, every(str), []),
    ("the last day before the dates of spreadsheets", put("events", "12,200", "12,29999")(CLEAN), every(str), []),
    ("separators at the end of every line", CLEAN, every(lambda text: text.replace("\n", ",,\n")), []),
    (
        "pandas, from CSV to CSV",
        CLEAN,
        through_pandas,
        ["read 'True' as true in 5 cells of 4 columns", "read 'False' as false in 3 cells of 3 columns"],
    ),
    ("pandas, to Parquet", CLEAN, as_parquet(), ["read whole numbers as identifiers in 14 cells of 5 columns"]),
    (
        "pandas, all columns categorical",
        CLEAN,
        as_parquet(lambda frame: frame.astype(dict.fromkeys(frame.columns, "category"))),
        ["read whole numbers as identifiers in 14 cells of 5 columns"],
    ),
    (
        "decimals of fixed precision",
        CLEAN,
        as_parquet(lambda frame: frame.assign(score=frame["score"].astype(str).map(Decimal)), tables=("assessments",)),
        [
            "read whole numbers as identifiers in 4 cells of column patient_id in assessments.parquet",
            "read decimals of fixed precision as numbers in 4 cells of column score in assessments.parquet",
        ],
    ),
    (
        "pandas, all columns text",
        CLEAN,
        as_parquet(lambda frame: frame.astype("string")),
        [
            "read 'True' as true in 5 cells of 4 columns",
            "read text as true and false in 8 cells of 4 columns",
            "read text as numbers in 25 cells of 10 columns",
            "read 'False' as false in 3 cells of 3 columns",
        ],
    ),
    (
        "pandas, ids as floats",
        CLEAN,
        as_parquet(lambda frame: frame.astype({"patient_id": float}), tables=("events",)),
        ["read whole numbers as identifiers in 2 cells of column patient_id in events.parquet"],
    ),
    (
        "pandas, flags as floats",
        CLEAN,
        as_parquet(
            lambda frame: frame.astype({"adverse_event": "boolean"}).astype({"adverse_event": "Float64"}),
            tables=("sessions",),
        ),
        [
            "read whole numbers as identifiers in 3 cells of column patient_id in sessions.parquet",
            "read '1' as true in 1 cell of column adverse_event in sessions.parquet",
            "read '0' as false in 1 cell of column adverse_event in sessions.parquet",
        ],
    ),
    (
        "ids with .0 in one table",
        CLEAN,
        in_order(put("events", "12,200", "12.0,200"), put("events", "13,90", "13.0,90")),
        ["read identifiers such as 12.0 as 12 in 2 cells of column patient_id in events.csv"],
    ),
    (
        "ids with .0 in every table",
        CLEAN,
        every(lambda text: text.replace("\n12,", "\n12.0,").replace("\n13,", "\n13.0,").replace("\n14,", "\n14.0,")),
        ["read identifiers such as 12.0 as 12 in 14 cells of 5 columns"],
    ),
    ("ids with a point of their own", with_ids(_12="1.0", _13="1.1", _14="2.0"), every(str), []),
    ("ids that differ only in case", with_ids(_12="a1", _13="A1"), every(str), []),
    (
        "TRUE and FALSE",
        CLEAN,
        in_order(put("patients", ",true", ",TRUE"), put("patients", ",false", ",FALSE")),
        [
            "read 'TRUE' as true in 3 cells of 2 columns",
            "read 'FALSE' as false in 1 cell of column comorbid_ptsd in patients.csv",
        ],
    ),
    (
        "1 and 0",
        CLEAN,
        in_order(put("patients", ",true", ",1"), put("patients", ",false", ",0")),
        [
            "read '1' as true in 3 cells of 2 columns",
            "read '0' as false in 1 cell of column comorbid_ptsd in patients.csv",
        ],
    ),
    (
        "1.0 and 0.0",
        CLEAN,
        in_order(put("sessions", "true", "1.0"), put("sessions", "false", "0.0")),
        [
            "read '0.0' as false in 1 cell of column adverse_event in sessions.csv",
            "read '1.0' as true in 1 cell of column adverse_event in sessions.csv",
        ],
    ),
    (
        "yes and no",
        CLEAN,
        in_order(put("patients", ",true", ",yes"), put("patients", ",false", ",No")),
        [
            "read 'yes' as true in 3 cells of 2 columns",
            "read 'No' as false in 1 cell of column comorbid_ptsd in patients.csv",
        ],
    ),
    ("T", CLEAN, put("patients", ",true", ",T"), ["read 'T' as true in 3 cells of 2 columns"]),
    (
        "a spreadsheet in German",
        CLEAN,
        in_order(semicolons(), put("patients", ";true", ";WAHR"), put("patients", ";false", ";FALSCH")),
        [
            "read ';' between cells: 5 files",
            "read 'WAHR' as true in 3 cells of 2 columns",
            "read 'FALSCH' as false in 1 cell of column comorbid_ptsd in patients.csv",
            "read a decimal comma as a decimal point in 4 cells of 2 columns",
        ],
    ),
    (
        "categories in another case",
        CLEAN,
        in_order(put("patients", "female", "Female"), put("assessments", "gad7", "GAD7")),
        [
            "read 'Female' as female in 1 cell of column sex in patients.csv",
            "read 'GAD7' as gad7 in 2 cells of column instrument in assessments.csv",
        ],
    ),
    (
        "column names in another case",
        CLEAN,
        in_order(
            put("patients", "patient_id,site_id", "Patient_ID,SITE_ID"), put("events", "patient_id", "PATIENT_ID")
        ),
        ["read names of columns in another case: 3 of patients.csv, events.csv"],
    ),
    (
        "blanks around every cell and name",
        CLEAN,
        every(lambda text: text.replace(",", " , ").replace("\n", " \n")),
        [
            "dropped blanks around names of columns: 28 of 5 files",
            "dropped blanks at an edge in 71 cells of 28 columns",
            "read blanks as not recorded in 8 cells of 8 columns",
        ],
    ),
    (
        "blanks that do not break a line",
        CLEAN,
        put("assessments", ",gad7,", ",\u00a0gad7\u00a0,"),
        ["dropped blanks at an edge in 2 cells of column instrument in assessments.csv"],
    ),
    (
        "marks for missing values",
        CLEAN,
        in_order(
            put("patients", "13,Zürich,,male", "13,Zürich,NULL,male"),
            put("patients", "38,,panic", "38,n/a,panic"),
            put("sessions", "sublingual,,\n", "sublingual,.,nan\n"),
        ),
        [
            "read 'NULL' as not recorded in 1 cell of column age_years in patients.csv",
            "read 'n/a' as not recorded in 1 cell of column sex in patients.csv",
            "read '.' as not recorded in 1 cell of column dose_mg_per_kg in sessions.csv",
            "read 'nan' as not recorded in 1 cell of column adverse_event in sessions.csv",
        ],
    ),
    ("NA for every empty cell", CLEAN, every(na_for_empty), ["read 'NA' as not recorded in 8 cells of 8 columns"]),
    (
        "NA for a site that is not recorded, and for other cells",
        put("patients", "14,north", "14,")(CLEAN),
        every(na_for_empty, "patients"),
        ["read 'NA' as not recorded in 6 cells of 6 columns"],
    ),
    (
        "blank rows",
        CLEAN,
        in_order(put("patients", "\n13", "\n\n,,,,,,,\n13"), every(lambda text: text + "\n , \n,,\n", "events")),
        ["passed over blank rows: 5 rows of patients.csv, events.csv"],
    ),
    (
        "16.0 for 16",
        CLEAN,
        in_order(put("assessments", ",16", ",16.0"), put("sessions", "12,1,0", "12,1.0,0.0")),
        [],
    ),
    (
        "an extra column",
        CLEAN,
        every(lambda text: text.replace("\n", ",9\n").replace(",9", ",shoe_size", 1), "events"),
        [],
    ),
    (
        "tabs and decimal commas",
        CLEAN,
        every(lambda text: european(text).replace(";", "\t")),
        ["read tabs between cells: 5 files", "read a decimal comma as a decimal point in 4 cells of 2 columns"],
    ),
    (
        "decimal commas, and a point for a missing value",
        CLEAN,
        in_order(semicolons("sessions"), put("sessions", "sublingual;;\n", "sublingual;.;\n")),
        [
            "read ';' between cells: sessions.csv",
            "read a decimal comma as a decimal point in 2 cells of column dose_mg_per_kg in sessions.csv",
            "read '.' as not recorded in 1 cell of column dose_mg_per_kg in sessions.csv",
        ],
    ),
    (
        "levels that are numbers, as floats",
        GROUPS,
        put("patients", ",1\n", ",1.0\n"),
        ["read '1.0' as 1 in 3 cells of column arm in patients.csv"],
    ),
    (
        "levels that are numbers, in Parquet",
        GROUPS,
        as_parquet(tables=("patients",)),
        [
            "read whole numbers as categories in 3 cells of column arm in patients.parquet",
            "read whole numbers as identifiers in 3 cells of column patient_id in patients.parquet",
        ],
    ),
    (
        "blanks around a level that looks like a mark for a missing value",
        REGIONS,
        put("patients", ",na\n", ", na\n"),
        ["dropped blanks at an edge in 3 cells of column region in patients.csv"],
    ),
    (
        "a separator in a line of its own",
        CLEAN,
        every(lambda text: "sep=;\n" + text.replace(",", ";"), "events"),
        ["read ';' between cells: events.csv", "passed over lines above the header: 1 row of events.csv"],
    ),
    (
        "quoted decimal commas",
        CLEAN,
        in_order(put("sessions", "0.75", '"0,75"'), put("sessions", "0.9", '"0,9"')),
        ["read a decimal comma as a decimal point in 2 cells of column dose_mg_per_kg in sessions.csv"],
    ),
    (
        "numbers as statistics programs write them",
        CLEAN,
        in_order(
            put("sessions", "0.75", ".75"), put("sessions", "0.9", "9e-1"), put("assessments", "-3", "\N{MINUS SIGN}3")
        ),
        [
            "read numbers without a digit before the point in 1 cell of column dose_mg_per_kg in sessions.csv",
            "read numbers such as 1e-05 as plain decimals in 1 cell of column dose_mg_per_kg in sessions.csv",
            "read a typographic minus sign in 1 cell of column day in assessments.csv",
        ],
    ),
    ("UTF-16", CLEAN, encoded("utf-16"), ["read text in UTF-16: 5 files"]),
    ("UTF-16 without a mark", CLEAN, encoded("utf-16-le", "patients"), ["read text in UTF-16: patients.csv"]),
    ("Windows-1252", CLEAN, encoded("cp1252"), ["read text in Windows-1252: patients.csv"]),
    ("a byte-order mark, quotes and CRLF", CLEAN, every(lambda text: "\ufeff" + quoted(text)), []),
    ("CR", CLEAN, every(lambda text: text.replace("\n", "\r")), []),
    (
        "other files beside the tables",
        CLEAN,
        lambda files: files | {"README.md": b"", "truth.parquet": b"", "import.json": b""},
        [],
    ),
]
