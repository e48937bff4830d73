"""A cohort for others' tools: tables as CSV or Parquet, a Data Package descriptor, a MEDS dataset.

Public names: `describe_folder`, `describe_format`, `describe_marked`, `open_table`, `prediction_schema`,
`prediction_tables`, `require_table_file`, `write_dataset`, `write_descriptor`, `write_features`, `write_outcomes`,
`write_table`.
"""
