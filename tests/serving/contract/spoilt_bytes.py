"""Ways to spoil a request as it is sent: its bytes, its size, its headers, its address."""

import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.serving.contract.spoilt_records import Way
from tests.serving.markers import MARKER, PREDICT, PREDICT_BATCH, RawRequest
from tests.serving.requests import Document


def _bytes_way(spoil: Callable[[bytes, Random], bytes]) -> Way:
    def way(record: Document, random: Random) -> RawRequest:
        path, document = (PREDICT, record) if random.random() < 0.7 else (PREDICT_BATCH, {"requests": [record, record]})
        return RawRequest(path, spoil(json.dumps(document).encode(), random), made=(spoil.__name__,))

    return way


def _truncated(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _other_bytes(content: bytes, random: Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(random.choice((1, 3, 30))):
        spoilt[random.randrange(len(spoilt))] = random.randrange(256)
    return bytes(spoilt)


def _inserted(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    pieces = (
        random.randbytes(8),
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b",",
        b'"',
        b"/* a */",
        b"\\",
        MARKER.encode(),
    )
    return content[:at] + random.choice(pieces) + content[at:]


def _random_bytes(_: bytes, random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 7, 1_000, 70_000)))


def _key_twice(content: bytes, random: Random) -> bytes:
    pairs = (b'"as_of_day": 0, ', b'"patient": {}, ', b'"requests": [], ', f'"{MARKER}": 1, '.encode() * 2)
    return content.replace(b"{", b"{" + random.choice(pairs), random.choice((1, 2)))


def _encoded(content: bytes, random: Random) -> bytes:
    encoding = random.choice(("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp037"))
    return content.decode().encode(encoding)


def _around(content: bytes, random: Random) -> bytes:
    before, after = random.choice(
        (
            (b"", b"x"),
            (b"", content),
            (b"[", b"]"),
            (b"", b"\x00"),
            (b")]}',\n", b""),
            (b"", b" " * 5_000),
            (b'"', b'"'),
        )
    )
    return before + content + after


def _many_rows(record: Document, random: Random) -> RawRequest:
    """As many rows as may be, and one more."""
    table, most = random.choice(
        (("assessments", 10_000), ("sessions", 1_000), ("events", 1_000), ("prior_treatments", 1_000))
    )
    rows = {
        "assessments": lambda at: {"day": at % 40_000 - 39_999, "instrument": "phq9", "score": at % 28},
        "sessions": lambda at: {"session_number": at % 1_000 + 1, "day": at, "kind": "psychotherapy"},
        "events": lambda at: {"day": -at, "event": "withdrawal"},
        "prior_treatments": lambda at: {"treatment": "cbt", "end_day": -at},
    }[table]
    number = most + random.choice((-1, 0, 1))
    return RawRequest(
        PREDICT,
        json.dumps(record | {"as_of_day": 1_001, table: [rows(at) for at in range(number)]}).encode(),
        made=(table,),
    )


def _many_requests(record: Document, random: Random) -> RawRequest:
    """A batch without any, with as many small ones as may be and one more, or with what is no record at all."""
    small: Any = {"as_of_day": 0, "patient": {"patient_ref": MARKER}}
    one: Any = random.choice((small, record if random.random() < 0.1 else small, None, MARKER, [], 1, {MARKER: record}))
    batch = {"requests": [one] * random.choice((0, 1, 10, 1_000, 1_001)), "in_full": random.choice((True, False))}
    return RawRequest(PREDICT_BATCH, json.dumps(batch).encode(), made=("requests",))


def _other_batch(record: Document, random: Random) -> RawRequest:
    batch = random.choice(
        (
            {"requests": record},
            {"requests": MARKER},
            {"requests": [record], "in_full": random.choice((1, "true", None, MARKER, []))},
            {"requests": [record], MARKER: True},
            [record],
            record,
            {"in_full": True},
            {"requests": {"0": record}},
        )
    )
    return RawRequest(PREDICT_BATCH, json.dumps(batch).encode(), made=("another batch",))


_TYPES = (
    b"text/plain",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"application/vnd.bentoml+pickle",
    b"application/octet-stream",
    b"application/json; charset=utf-16",
    b"application/json; charset=utf-8",
    b"application/json;",
    b"application/json; charset=utf-8; charset=latin-1",
    b"APPLICATION/JSON",
    b"application/json, text/plain",
    b"application/jsonp",
    b"*/*",
    b"",
    b"\xff\xfe",
    MARKER.encode(),
)


def _other_type(record: Document, random: Random) -> RawRequest:
    headers = {"Content-Type": random.choice(_TYPES)}
    return RawRequest(PREDICT, json.dumps(record).encode(), headers, ("type",))


def _compressed(record: Document, random: Random) -> RawRequest:
    encoding = random.choice((b"gzip", b"br", b"deflate", b"identity", b"GZIP", b"gzip, gzip", MARKER.encode(), b""))
    content = json.dumps(record).encode()
    headers = {"Content-Type": b"application/json", "Content-Encoding": encoding}
    body = gzip.compress(content, mtime=0) if random.random() < 0.5 else content
    return RawRequest(PREDICT, body, headers, ("encoding",))


def _other_headers(record: Document, random: Random) -> RawRequest:
    name, value = random.choice(
        (
            ("Idempotency-Key", MARKER.encode()),
            ("Idempotency-Key", b"a" * 129),
            ("Idempotency-Key", b""),
            ("Idempotency-Key", b"a b"),
            ("Idempotency-Key", "é".encode()),
            ("Idempotency-Key", random.randbytes(8).hex().encode()),
            ("Authorization", b"Basic " + MARKER.encode()),
            ("Authorization", b"\xff"),
            ("Accept", b"text/html"),
            ("Accept-Encoding", b"zstd;q=nonsense"),
            ("X-Forwarded-For", MARKER.encode()),
            ("Host", b"127.0.0.1:99999"),
            ("Host", MARKER.encode()),
            ("Origin", b"https://elsewhere.example"),
            ("traceparent", b"00-" + MARKER.encode()),
            ("Cookie", MARKER.encode() * 100),
        )
    )
    headers = {"Content-Type": b"application/json", name: value}
    return RawRequest(PREDICT, json.dumps(record).encode(), headers, ("header", name))


def _other_address(record: Document, random: Random) -> RawRequest:
    path = random.choice(
        (
            f"/v1/predict?{MARKER}={MARKER}",
            f"/v1/{MARKER}",
            "/v1/predict/",
            "//v1/predict",
            "/v1/predict%00",
            "/V1/PREDICT",
        )
    )
    return RawRequest(path, json.dumps(record).encode(), made=("address",))


OF_BYTES = (
    *(
        _bytes_way(spoil)
        for spoil in (_truncated, _other_bytes, _inserted, _random_bytes, _key_twice, _encoded, _around)
    ),
    _many_rows,
    _many_requests,
    _other_batch,
    _other_type,
    _compressed,
    _other_headers,
    _other_address,
)
"""Every way of spoiling what is sent."""
