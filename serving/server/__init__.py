"""Workers, adaptive batching, hot reload of the model, and the start of the service."""
