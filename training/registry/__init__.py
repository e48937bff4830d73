"""MLflow's registry: versions, the decisions kept with them, and the seal over a run."""
