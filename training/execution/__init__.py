"""Where independent pieces of work run: processes of this machine, or a Dask cluster.

A recipe calls `side_by_side` and knows neither. The same jobs give the same bytes wherever they run.

Public names: `end_processes`, `importing`, `kill_processes`, `meanwhile`, `on_cluster`, `side_by_side`.
"""
