"""Damaged cohorts in which a cell or a name has two meanings: name, clean tables, damage, place, and what was found."""

import re

import pandas as pd

from tests.training.cohort.damaged import (
    CLEAN,
    LETTER_IDS,
    REGIONS,
    ZERO_IDS,
    Damage,
    Files,
    as_parquet,
    encoded,
    every,
    in_order,
    put,
    renamed,
    semicolons,
    with_ids,
)

EXPONENT = "a number in exponent notation, as a spreadsheet shortens a long id; export the ids again as text"
ZEROS = "only by leading zeros, which a spreadsheet drops; export the ids again as text"
CASE = "only in case or in how a letter is encoded; write one id in one way"
SERIAL = "a number that looks like a spreadsheet's date; write days from day 0"
A_MARK = "a mark for a missing value; leave the cell empty"
OPEN_LETTER = "a letter that more than one encoding could mean; save the file as UTF-8"
NO_UTF_8 = "a byte in line 2 that is not"
EVENT_2, DOSE_2 = "events.csv, row 2, column", "sessions.csv, row 2, column dose_mg_per_kg"
SITE_4, SITE_2_3 = "patients.csv, row 4, column site_id", "patients.csv, rows 2, 3, column site_id"
SCORE = re.compile(r",(\d+)\n")
COMMA = "a comma that may be decimal or part thousands; write a point, and no thousands separator"
POINT = "a point that may be decimal or part thousands; put commas between cells, and points into numbers"
ID_THERE, OTHER_ID = "an id that differs from one there", "an id that differs from another one"

REFUSED: list[tuple[str, Files, Damage, str, str]] = [
    ("2 for no", CLEAN, put("patients", ",false", ",2"), "patients.csv, row 3, column comorbid_ptsd", "a number"),
    ("a date", CLEAN, put("events", "12,200", "12,01.03.2024"), f"{EVENT_2} day", "a date; write days from day 0"),
    ("a spreadsheet's date", CLEAN, put("events", "12,200", "12,45352"), f"{EVENT_2} day", SERIAL),
    ("a spreadsheet's date of 1982", CLEAN, put("events", "12,200", "12,30000"), f"{EVENT_2} day", SERIAL),
    (
        "a spreadsheet's dates in Parquet",
        CLEAN,
        in_order(put("events", "12,200", "12,45352"), as_parquet(tables=("events",))),
        "events.parquet, data row 1, column day",
        SERIAL,
    ),
    (
        "times in Parquet",
        CLEAN,
        as_parquet(lambda frame: frame.assign(day=pd.Timestamp("2024-03-01")), tables=("events",)),
        "events.parquet, column day",
        "a column of dates or times; write days from day 0",
    ),
    ("lost zeros", ZERO_IDS, put("events", "0012,", "12,"), f"{EVENT_2} patient_id", f"{ID_THERE} {ZEROS}"),
    ("lost zeros in floats", ZERO_IDS, put("events", "0012,", "12.0,"), f"{EVENT_2} patient_id", f"{ID_THERE} {ZEROS}"),
    (
        "lost zeros in Parquet",
        ZERO_IDS,
        as_parquet(tables=("events",)),
        "events.parquet, data rows 1, 2, column patient_id",
        f"{ID_THERE} {ZEROS}",
    ),
    (
        "two patients but for zeros",
        CLEAN,
        put("patients", "\n13,", "\n012,"),
        "patients.csv, row 3, column patient_id",
        f"{OTHER_ID} {ZEROS}",
    ),
    ("1e+05", CLEAN, put("events", "12,200", "1e+05,200"), f"{EVENT_2} patient_id", EXPONENT),
    ("1.23457E+11", LETTER_IDS, put("events", "a1,200", "1.23457E+11,200"), f"{EVENT_2} patient_id", EXPONENT),
    (
        "1,23E+11 between semicolons",
        LETTER_IDS,
        in_order(semicolons("events"), put("events", "a1;200", "1,23E+11;200")),
        f"{EVENT_2} patient_id",
        EXPONENT,
    ),
    (
        "ids too long for a float",
        with_ids(_12="100000000000000012"),
        as_parquet(lambda frame: frame.astype({"patient_id": float}), tables=("events",)),
        "events.parquet, data row 1, column patient_id",
        "a number too long to be exact; export the ids again as text",
    ),
    (
        "ids too long for a float, as text",
        with_ids(_12="9100000000000001"),
        put("events", "9100000000000001,", "9100000000000001.0,"),
        f"{EVENT_2} patient_id",
        "an id that is not there",
    ),
    ("an id in another case", LETTER_IDS, put("events", "a1,", "A1,"), f"{EVENT_2} patient_id", f"{ID_THERE} {CASE}"),
    ("a site in another case", CLEAN, put("patients", "14,north", "14,zürich"), SITE_4, f"{OTHER_ID} {CASE}"),
    ("a site called NA", CLEAN, put("patients", "14,north", "14,NA"), SITE_4, f"{A_MARK}, or give another id"),
    (
        "NA, or a level in another case",
        REGIONS,
        put("patients", ",na\n", ",NA\n"),
        "patients.csv, rows 2-4, column region",
        "a mark for a missing value, or another spelling (did you mean na?)",
    ),
    (
        "a site called NA beside a level NA",
        put("patients", ",na\n", ",NA\n")(put("protocol", '"na"', '"NA"')(REGIONS)),
        put("patients", "14,north", "14,NA"),
        SITE_4,
        f"{A_MARK}, or give another id",
    ),
    (
        "a patient called NA",
        CLEAN,
        put("events", "12,200", "NA,200"),
        f"{EVENT_2} patient_id",
        f"{A_MARK}, or give another id",
    ),
    (
        "a comma that may part thousands",
        CLEAN,
        put("assessments", "12,-3,gad7,16", '12,-3,gad7,"1,234"'),
        "assessments.csv, row 2, column score",
        COMMA,
    ),
    (
        "a comma that may part thousands, after a typographic minus sign",
        CLEAN,
        put("assessments", "12,-3,gad7,16", '12,-3,gad7,"\N{MINUS SIGN}1,234"'),
        "assessments.csv, row 2, column score",
        COMMA,
    ),
    (
        "a point that may part thousands",
        CLEAN,
        in_order(semicolons(), put("events", "12;200", "12;1.200")),
        f"{EVENT_2} day",
        POINT,
    ),
    (
        "a point that may part thousands, beside a point for a missing value",
        CLEAN,
        in_order(
            semicolons("sessions"),
            put("sessions", ";0,75", ";."),
            put("sessions", "7;dosing;intramuscular;0,9", "1.200;dosing;;"),
        ),
        "sessions.csv, row 3, column day",
        POINT,
    ),
    (
        "a decimal comma beside decimal points",
        CLEAN,
        put("sessions", "0.75", '"0,75"'),
        DOSE_2,
        "a number with a comma, in a file that also has decimal points; write a point",
    ),
    (
        "a shortened number",
        CLEAN,
        put("sessions", "0.75", "7.5E-01"),
        DOSE_2,
        "a number in exponent notation; write it as a plain decimal",
    ),
    ("a unit in a cell", CLEAN, put("sessions", "0.75", "0.75 mg"), DOSE_2, "another text"),
    ("no dose, or none recorded", CLEAN, put("sessions", "0.75", "none"), DOSE_2, A_MARK),
    (
        "a misspelt category",
        CLEAN,
        put("sessions", "intramuscular", "intra-muscular", 1),
        "sessions.csv, row 2, column route",
        "another spelling (did you mean intramuscular?)",
    ),
    (
        "a blank for a line",
        CLEAN,
        put("patients", "social_anxiety", "Social Anxiety"),
        "patients.csv, row 3, column diagnosis",
        "another spelling (did you mean social_anxiety?)",
    ),
    (
        "an instrument with a dash",
        CLEAN,
        put("assessments", "gad7", "GAD-7"),
        "assessments.csv, rows 2, 3, column instrument",
        "another spelling (did you mean gad7?)",
    ),
    (
        "a letter for a category",
        CLEAN,
        put("patients", "female", "f"),
        "patients.csv, row 2, column sex",
        "another spelling (did you mean female?)",
    ),
    (
        "a misspelt required column",
        CLEAN,
        put("patients", "patient_id", "patientid"),
        "patients.csv, column patientid",
        "an unknown column, in position 1 (did you mean patient_id?)",
    ),
    (
        "a shortened column",
        CLEAN,
        put("patients", "age_years", "age"),
        "patients.csv, column age",
        "an unknown column, in position 3 (did you mean age_years?)",
    ),
    (
        "two columns that differ in case",
        CLEAN,
        put("patients", "sex,diagnosis", "sex,Sex"),
        "patients.csv, column sex",
        "two names that differ only in case or in blanks, in position 5",
    ),
    ("a title above the header", CLEAN, every("Export\n{}".format, "events"), "events.csv", "none of these names"),
    (
        "a row of totals",
        CLEAN,
        every("{}Total,2,death\n".format, "events"),
        "events.csv, row 4, column patient_id",
        "an id that is not there",
    ),
    ("a comma in a cell", CLEAN, put("events", "12,200,", "12,200,5,"), "events.csv, row 2", "more cells"),
    (
        "a decimal comma that splits a cell",
        CLEAN,
        in_order(
            put("assessments", "score\n", "score,\n"), every(lambda text: SCORE.sub(r",\1,5\n", text), "assessments")
        ),
        "assessments.csv",
        "cells below no name, in position 5; a comma may have split a cell in two",
    ),
    ("an open quote", CLEAN, put("events", "12,200", '"12,200'), "events.csv, row 2", "a stray or open quote"),
    (
        "letters of DOS",
        CLEAN,
        encoded("cp850", "patients"),
        "patients.csv",
        f"{NO_UTF_8}, nor Windows-1252; save the file as UTF-8",
    ),
    ("letters of old Macs", CLEAN, encoded("mac_roman", "patients"), SITE_2_3, OPEN_LETTER),
    (
        "letters of Windows in Russian",
        CLEAN,
        in_order(put("patients", "Zürich", "Москва"), encoded("cp1251", "patients")),
        SITE_2_3,
        OPEN_LETTER,
    ),
    (
        "two encodings in one file",
        CLEAN,
        lambda files: files | {"patients.csv": encoded("cp1252")(files)["patients.csv"] + "15,Zürich,,,,,,\n".encode()},
        "patients.csv",
        f"{NO_UTF_8}, beside letters that are; save the file as UTF-8",
    ),
    *(
        (name, CLEAN, renamed(table, name), name, "a file of another name or format")
        for name, table in (
            ("events (1).csv", "events.csv"),
            ("Events.CSV", "events.csv"),
            ("events.csv.txt", "events.csv"),
            ("session.csv", "sessions.csv"),
            ("sesions.csv", "sessions.csv"),
            ("prior treatments.csv", "prior_treatments.csv"),
            ("Kopie von events.csv", "events.csv"),
        )
    ),
]
