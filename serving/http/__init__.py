"""The middleware between a caller and an endpoint, with errors and metrics.

Public names: `AccessControl`, `AdmittedRequest`, `BodyLimits`, `CrossOriginPolicy`, `keep_values_out_of_logs`,
`JsonLines`, `Metrics`, `ProblemDetails`, `ProblemResponse`, `ReadinessReport`, `Readyz`, `refusal`,
`RequestRecord`, `RequestTracer`, `WholeBody`.
"""
