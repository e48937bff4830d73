"""What goes to MLflow: runs, metrics, artefacts and the pyfunc model."""
