"""A zone is read whole, and one that does not answer is not an empty one."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.cloudflare.api import Cloudflare, running
from ops.drift import records
from ops.drift.records import ZoneError, read_zone

ZONE, TOKEN = "1f" * 16, "canary-of-a-token"


@pytest.fixture
def cloudflare() -> Iterator[Cloudflare]:
    with running({ZONE: "example.com"}, TOKEN) as api:
        yield api


def test_every_record_of_a_zone_is_read_with_one_request(cloudflare: Cloudflare) -> None:
    for number in range(3):
        body = {"type": "A", "name": f"a{number}.example.com", "content": "203.0.113.7"}
        cloudflare.zones.create(ZONE, body)
    found = read_zone(ZONE, token=TOKEN, api_url=f"{cloudflare.url}/")
    assert {one["name"] for one in found} == {f"a{number}.example.com" for number in range(3)}
    assert [method for method, _ in cloudflare.requests] == ["GET"]


def test_a_zone_of_several_pages_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def page(_http: object, _url: str, number: int) -> dict[str, Any]:
        asked.append(number)
        return {"result": [{"id": str(number)}], "result_info": {"total_pages": 3}}

    monkeypatch.setattr(records, "_page", page)
    found = read_zone(ZONE, token=TOKEN, api_url=None)
    assert [one["id"] for one in found] == ["1", "2", "3"]
    assert asked == [1, 2, 3]


def test_a_refusal_is_an_error_that_shows_no_token(cloudflare: Cloudflare) -> None:
    with pytest.raises(ZoneError, match="HTTP 403 Invalid access token") as refused:
        read_zone(ZONE, token=f"{TOKEN}x", api_url=cloudflare.url)
    assert TOKEN not in str(refused.value)


def test_a_zone_that_is_not_there_is_an_error_and_no_empty_zone(cloudflare: Cloudflare) -> None:
    with pytest.raises(ZoneError, match="HTTP 404"):
        read_zone("2f" * 16, token=TOKEN, api_url=cloudflare.url)


def test_an_api_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(ZoneError, match="no usable answer: ConnectError"):
        read_zone(ZONE, token=TOKEN, api_url="http://127.0.0.1:9")
