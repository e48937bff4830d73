"""What a request and an answer are, at which addresses, and how a refusal reads.

Public names: `BatchRequest`, `BatchResponse`, `FieldProblem`, `LogUnavailableError`, `Part`, `PredictionRequest`,
`PredictionResponse`, `read_batch`, `read_request`, `RequestProblem`, `RequestRefusedError`, `StateError`.
"""
