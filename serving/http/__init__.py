"""What a request passes before it is read, and how an answer leaves.

Public names: `AccessControl`, `AdmittedRequest`, `BodyLimits`, `CrossOrigin`, `keep_values_out_of_logs`, `Metrics`,
`ProblemDetails`, `ProblemResponse`, `ReadinessReport`, `Readyz`, `refusal`, `WholeBody`.
"""
