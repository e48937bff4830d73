"""The answer of ``POST /decide``: where the page of an answer is, and until when."""

from pydantic import Field

from serving.contract.response import Part


class PageLink(Part):
    """The path of a page, under the address of the service; it opens without a key until ``expires_at`` (UTC)."""

    path: str = Field(pattern=r"^/decide\?launch=[A-Za-z0-9_-]+$")
    expires_at: str = Field(json_schema_extra={"format": "date-time"})
