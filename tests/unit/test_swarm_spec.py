"""What the specification of a service is made of, where the provider leaves something out."""

import pytest

from swarm_spec import parse_duration, service_spec, write_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [(None, 0), ("", 0), ("0", 0), ("0s", 0), ("1.5s", 1_500_000_000), ("1h0m5s", 3605 * 10**9)],
)
def test_a_duration_is_read_as_go_writes_it(text: str | None, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["5", "s", "1 m", "-1s", "1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "5ns", "1.5ms", "30s", "1m30s", "1m", "2h", "1h0m5s"])
def test_a_duration_comes_back_as_it_was_written(text: str) -> None:
    assert write_duration(parse_duration(text)) == text


def test_a_mounted_secret_has_the_providers_defaults() -> None:
    mounted = {"secretId": "k", "secretName": "key", "fileName": "/key"}
    container = {"image": "x", "secrets": [mounted]}
    spec = service_spec({"name": "a", "taskSpec": {"containerSpec": container}})
    (secret,) = spec["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert secret["File"] == {"Name": "/key", "UID": "0", "GID": "0", "Mode": 0o444}


def test_a_network_without_a_name_is_refused() -> None:
    task = {"containerSpec": {"image": "x"}, "networksAdvanceds": [{}]}
    with pytest.raises(ValueError, match="'name' or 'id' must be specified"):
        service_spec({"name": "a", "taskSpec": task})
