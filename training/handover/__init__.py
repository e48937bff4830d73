"""Hands a promoted version over to the service: its copy in BentoML's store, what it may answer, and its signature.

Public names: `answering_copy`, `CopySigner`, `finish_interrupted`, `granted_by`, `hand_over`, `promotion_of`,
`served_copies`.
"""
