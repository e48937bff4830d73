"""Workers, adaptive batching, hot reload of the model, and the start of the service.

Public names: `input_text`, `KapOutcomes`, `serve`.
"""
