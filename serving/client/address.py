"""The address to which the client sends records, and its key: checked once, before anything is sent."""

import re
from ipaddress import ip_address
from typing import Final

import httpx

KEY_VARIABLE: Final = "KAP_KEY"
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
"""A host's name that can be looked up."""
_MOST_PORT = 65_535
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def usable_address(base_url: str) -> httpx.URL:
    """The address, if records may be sent there: encrypted, or on this machine only.

    Raises ``ValueError`` without the address in its text, because it may contain a password.
    """
    url = _read_address(base_url)
    if url is None:
        raise ValueError("base_url must be an address such as https://kap.clinic.example")
    if url.userinfo:
        raise ValueError(f"base_url must not hold a user or a password; pass the key as key, or set {KEY_VARIABLE}")
    if url.query or url.fragment:
        raise ValueError("base_url must be an address without ? and #")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise ValueError(
            "base_url must be https, because records and keys cross the network; http is for loopback only"
        )
    return url


def usable_key(key: str | None) -> str | None:
    """The key without blanks around it, such as a file's last line break; raises ``ValueError`` without the key."""
    if key is None:
        return None
    key = key.strip()
    if not _PRINTABLE.fullmatch(key):
        raise ValueError("key must be printable ASCII characters without spaces, as kap keys create printed them")
    return key


def _read_address(base_url: str) -> httpx.URL | None:
    """The address, if a connection can be tried."""
    try:
        url = httpx.URL(base_url)
        host = url.host
    except (httpx.InvalidURL, TypeError, ValueError):  # a ValueError from decoding an international name
        return None
    known = _is_ip(host) or _NAME.fullmatch(url.raw_host.decode("ascii")) is not None
    usable = known and url.scheme in ("http", "https") and 1 <= (url.port or _MOST_PORT) <= _MOST_PORT
    return url if usable else None


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
