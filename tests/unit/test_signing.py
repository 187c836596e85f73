"""Signatures: the vendor's own signer is the judge of ours."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer
from hypothesis import given
from hypothesis import strategies as st

from romaport.wire.signing import (
    EMPTY_HASH,
    UNSIGNED_PAYLOAD,
    Authorization,
    SecretKey,
    SignedRequest,
    canonical_queries,
    canonical_query,
    is_signed_by,
    parse_authorization,
    parse_date,
    sign,
)

AK = "QWERTYUIOPASDFGHJKLZ"
SK = "secret-of-the-tests"
SECRET = SecretKey(SK)
DATE = "20260102T030405Z"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
# The HTTP libraries carry what Latin-1 can after the SDK's re-coding, which is all of UTF-8.
HEADER = TEXT.map(str.strip)
SEGMENT = TEXT.map(lambda text: quote(text, safe=""))
PATHS = st.lists(SEGMENT, max_size=5).map(lambda parts: "/" + "/".join(parts))
VALUES = st.one_of(
    TEXT, st.booleans(), st.integers(0, 10_000), st.lists(TEXT, max_size=4), st.lists(st.integers(0, 30))
)
QUERIES = st.dictionaries(TEXT.filter(bool), VALUES, max_size=5).map(lambda found: list(found.items()))
BODIES = st.one_of(st.just(b""), st.binary(min_size=1, max_size=50))
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE"])


def vendor_request(
    *,
    method: str = "GET",
    path: str = "/v2/p/instances/i/assets/jobs/j",
    query: list[tuple[str, Any]] | None = None,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Any:
    given_headers = {"Content-Type": "application/json", "User-Agent": "tests", "X-Project-Id": "p", "X-Sdk-Date": DATE}
    return SdkRequest(
        method=method,
        schema="https",
        host="roma.example.com:8443",
        resource_path=path,
        query_params=query or [],
        header_params={**given_headers, **(headers or {})},
        body=body,
    )


def received(request: Any) -> SignedRequest:
    """What a server makes of the request that the vendor's signer has finished."""
    path, _, query = request.uri.partition("?")
    headers = {name.lower(): value.encode("latin-1").decode() for name, value in request.header_params.items()}
    payload_hash = hashlib.sha256(request.body).hexdigest()
    return SignedRequest(method=request.method, path=path, query=query, headers=headers, payload_hash=payload_hash)


def signed_by_vendor(**parts: Any) -> tuple[SignedRequest, Authorization]:
    request = Signer(SimpleNamespace(ak=AK, sk=SK)).sign(vendor_request(**parts))
    return received(request), authorization_of(request)


def signed_by_vendor_with_a_derived_key(**parts: Any) -> tuple[SignedRequest, Authorization]:
    signer = DerivationAKSKSigner(SimpleNamespace(ak=AK, sk=SK))
    request = signer.sign(vendor_request(**parts), "roma", "eu-west-101")
    return received(request), authorization_of(request)


def authorization_of(request: Any) -> Authorization:
    found = parse_authorization(request.header_params["Authorization"])
    assert found is not None
    return found


def altered(request: SignedRequest, **changes: Any) -> SignedRequest:
    parts = {name: getattr(request, name) for name in ("method", "path", "query", "headers", "payload_hash")}
    return SignedRequest(**{**parts, **changes})


@given(method=METHODS, path=PATHS, query=QUERIES, body=BODIES, value=HEADER)
def test_every_request_signed_by_the_vendors_signer_is_verified(
    method: str, path: str, query: list[tuple[str, Any]], body: bytes, value: str
) -> None:
    parts = {"method": method, "path": path, "query": query, "body": body, "headers": {"X-Remark": value}}
    request, authorization = signed_by_vendor(**parts)
    assert authorization.access_key == AK
    assert is_signed_by(request, authorization, SECRET)
    assert not is_signed_by(request, authorization, SecretKey(SK + "x"))


@given(method=METHODS, path=PATHS, query=QUERIES, body=BODIES, value=HEADER)
def test_every_request_signed_by_the_vendor_with_a_derived_key_is_verified(
    method: str, path: str, query: list[tuple[str, Any]], body: bytes, value: str
) -> None:
    parts = {"method": method, "path": path, "query": query, "body": body, "headers": {"X-Remark": value}}
    request, authorization = signed_by_vendor_with_a_derived_key(**parts)
    assert (authorization.access_key, authorization.scope) == (AK, "20260102/eu-west-101/roma")
    assert is_signed_by(request, authorization, SECRET)
    assert not is_signed_by(request, authorization, SecretKey(SK + "x"))


@given(method=METHODS, path=PATHS, pairs=st.dictionaries(TEXT.filter(bool), TEXT), body=BODIES, value=HEADER)
def test_our_signature_is_the_vendors(method: str, path: str, pairs: dict[str, str], body: bytes, value: str) -> None:
    headers = {"X-Remark": value}
    theirs = vendor_request(method=method, path=path, query=list(pairs.items()), body=body, headers=headers)
    Signer(SimpleNamespace(ak=AK, sk=SK)).sign(theirs)
    ours = SignedRequest(
        method=method,
        path=path,
        query=canonical_query(pairs.items()),
        headers={
            "content-type": "application/json",
            "user-agent": "tests",
            "host": "roma.example.com:8443",
            "x-remark": value,
        },
        payload_hash=hashlib.sha256(body).hexdigest(),
    )
    added = sign(ours, access_key=AK, secret=SK, at=AT, project_id="p")
    assert added["authorization"] == theirs.header_params["Authorization"]
    assert (added["x-sdk-date"], added["x-project-id"]) == (DATE, "p")
    assert ours.query == theirs.uri.partition("?")[2]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "DELETE"},
        {"path": "/v2/p/instances/i/assets/jobs/k"},
        {"query": "a=2&b=x"},
        {"query": ""},
        {"query": "a=1&b=x&c=3"},
        {"payload_hash": hashlib.sha256(b"other").hexdigest()},
        {"payload_hash": EMPTY_HASH},
        {"payload_hash": None},
    ],
    ids=str,
)
def test_a_request_altered_on_the_way_is_not_signed(changes: dict[str, Any]) -> None:
    request, authorization = signed_by_vendor(method="POST", query=[("a", 1), ("b", "x")], body=b"{}")
    assert is_signed_by(request, authorization, SECRET)
    assert not is_signed_by(altered(request, **changes), authorization, SECRET)


@pytest.mark.parametrize("name", ["x-project-id", "host", "content-type", "x-sdk-date"])
def test_a_signed_header_altered_or_removed_on_the_way_breaks_the_signature(name: str) -> None:
    request, authorization = signed_by_vendor()
    changed = {**request.headers, name: "20260102T030406Z"}
    assert not is_signed_by(altered(request, headers=changed), authorization, SECRET)
    removed = {key: value for key, value in request.headers.items() if key != name}
    assert not is_signed_by(altered(request, headers=removed), authorization, SECRET)


@given(digit=st.integers(0, 63))
def test_a_signature_with_one_digit_changed_is_refused(digit: int) -> None:
    request, found = signed_by_vendor()
    text = found.signature
    other = text[:digit] + ("0" if text[digit] != "0" else "1") + text[digit + 1 :]
    forged = Authorization(
        algorithm=found.algorithm, access_key=AK, signed_headers=found.signed_headers, signature=other
    )
    assert not is_signed_by(request, forged, SECRET)


def test_a_multipart_body_is_declared_unsigned_and_the_rest_is_still_covered() -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request, authorization = signed_by_vendor(method="POST", body=b"--x", headers=headers)
    assert request.headers["x-sdk-content-sha256"] == UNSIGNED_PAYLOAD
    assert is_signed_by(altered(request, payload_hash=None), authorization, SECRET)
    assert is_signed_by(altered(request, payload_hash=hashlib.sha256(b"any").hexdigest()), authorization, SECRET)
    assert not is_signed_by(altered(request, path="/v2/p/other"), authorization, SECRET)


def test_a_stated_digest_does_not_vouch_for_another_body() -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    request, authorization = signed_by_vendor(method="POST", body=b"{}")
    stated = {**request.headers, "x-sdk-content-sha256": digest}
    other = hashlib.sha256(b"[]").hexdigest()
    assert is_signed_by(altered(request, headers=stated), authorization, SECRET)
    assert not is_signed_by(altered(request, headers=stated, payload_hash=other), authorization, SECRET)


def test_a_stated_digest_stands_for_a_body_that_is_still_to_come() -> None:
    digest = hashlib.sha256(b"zip").hexdigest()
    headers = {"X-Sdk-Content-Sha256": digest}
    request, authorization = signed_by_vendor(method="POST", body=b"zip", headers=headers)
    assert is_signed_by(altered(request, payload_hash=None), authorization, SECRET)


def test_a_streamed_body_is_signed_by_our_client_as_unsigned() -> None:
    request = SignedRequest(method="POST", path="/a", query="", headers={"host": "h"}, payload_hash=None)
    added = sign(request, access_key=AK, secret=SK, at=AT)
    authorization = parse_authorization(added["authorization"])
    assert authorization is not None
    assert authorization.signed_headers == ("host", "x-sdk-content-sha256", "x-sdk-date")
    assert is_signed_by(altered(request, headers={**request.headers, **added}), authorization, SECRET)


def test_a_query_in_another_order_or_spelling_is_the_same_query() -> None:
    request, authorization = signed_by_vendor(query=[("b", "x y"), ("a", "~/"), ("c", "")])
    assert request.query == "a=~%2F&b=x%20y&c="
    for spelling in ("b=x+y&c=&a=%7e/", "c&b=x%20y&a=~%2f"):
        assert is_signed_by(altered(request, query=spelling), authorization, SECRET)


def test_a_plus_that_was_signed_as_a_plus_cannot_become_a_space() -> None:
    request, authorization = signed_by_vendor(query=[("a", "x+y")])
    assert not is_signed_by(altered(request, query="a=x+y"), authorization, SECRET)


@given(query=st.text(max_size=40))
def test_the_first_form_of_a_query_is_the_received_one(query: str) -> None:
    forms = canonical_queries(query)
    assert forms[0] == query
    assert 1 <= len(forms) <= 2


def test_a_query_of_very_many_pairs_is_taken_as_it_is() -> None:
    query = "&".join(f"a{number}=1" for number in reversed(range(1000)))
    assert canonical_queries(query) == (query,)


def test_a_slash_at_the_end_and_an_encoded_one_inside_sign_like_the_vendors() -> None:
    for path in ("/a/", "/a", "/a%2Fb", "/", "/%7Bproject_id%7D/x", "/ä ö", "/a%zz"):
        request, authorization = signed_by_vendor(path=path)
        assert is_signed_by(request, authorization, SECRET), path


GOOD = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=" + "a" * 64
DERIVED = "V11-HMAC-SHA256 Credential=AK/20260102/r/s, SignedHeaders=host, Signature=" + "a" * 64


def test_an_authorization_is_read_whatever_the_space_between_its_fields() -> None:
    for value in (GOOD, GOOD.replace(", ", ","), GOOD.replace(", ", " ,  "), f" {GOOD} "):
        found = parse_authorization(value)
        assert found is not None
        assert found.signed_headers == ("host", "x-sdk-date")
        assert found.access_key == "AK"


@given(order=st.permutations(GOOD.partition(" ")[2].split(", ")))
def test_an_authorization_is_read_whatever_the_order_of_its_fields(order: list[str]) -> None:
    assert parse_authorization(f"SDK-HMAC-SHA256 {', '.join(order)}") == parse_authorization(GOOD)


def test_of_two_signatures_the_last_counts() -> None:
    other = "Signature=" + "b" * 64
    for value, signature in ((f"{GOOD}, {other}", "b"), (GOOD.replace("Signed", f"{other}, Signed"), "a")):
        found = parse_authorization(value)
        assert found is not None
        assert found.signature == signature * 64


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer x",
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SM3 " + GOOD.partition(" ")[2],
        GOOD.replace("Access=AK", "Access="),
        GOOD.replace("Access=AK", "Access=" + "A" * 129),
        GOOD.replace("a" * 64, "a" * 63),
        GOOD.replace("a" * 64, "A" * 64),
        GOOD.replace("a" * 64, "ä" * 64),
        GOOD.replace("Signature", "XSignature"),
        GOOD + ", Signature=",
        GOOD + ", Access=",
        GOOD.replace("host;x-sdk-date", ""),
        GOOD.replace("host;x-sdk-date", "host;;x-sdk-date"),
        GOOD.replace("host", ";".join(["h"] * 129)),
        GOOD.replace("host", "h" * 9000),
        DERIVED.replace("/r/s", "/r"),
        DERIVED.replace("/r/s", "/r/s/t"),
        DERIVED.replace("AK/", "/"),
        DERIVED.replace("Credential", "Access"),
    ],
)
def test_a_malformed_authorization_is_none(value: str) -> None:
    assert parse_authorization(value) is None


@given(value=st.text(max_size=200))
def test_any_text_is_an_authorization_or_none(value: str) -> None:
    parse_authorization(value)
    parse_authorization(f"SDK-HMAC-SHA256 {value}")


def test_a_derived_signature_is_good_for_its_own_day_only() -> None:
    request, found = signed_by_vendor_with_a_derived_key()
    assert found.scope is not None
    other = Authorization(
        algorithm=found.algorithm,
        access_key=AK,
        signed_headers=found.signed_headers,
        signature=found.signature,
        scope=found.scope.replace("20260102", "20260103"),
    )
    assert not is_signed_by(request, other, SECRET)


def test_dates_are_read_strictly() -> None:
    assert parse_date(DATE) == AT.timestamp()
    for wrong in (
        "",
        "2026-01-02T03:04:05Z",
        "20261302T030405Z",
        "20260102T240000Z",
        "20260102T030460Z",
        "20260102T030405",
        DATE + "Z",
        "\uff120260102T030405Z",
    ):
        assert parse_date(wrong) is None
