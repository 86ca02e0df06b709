from settings import Host
from tests.unit.test_settings_messages import KEY


def host(**fields: str) -> Host:
    return Host.model_validate({"address": "203.0.113.7", **fields})


def test_a_socket_needs_no_ssh() -> None:
    assert host(url="unix:///var/run/docker.sock").ssh_options() == []


def test_ssh_trusts_the_pinned_key_alone_and_never_asks() -> None:
    options = host(url="ssh://deploy@vps.example.com", host_key=KEY).ssh_options()
    assert options[::2] == ["-o"] * 7
    assert options[1::2] == [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        f"KnownHostsCommand=/bin/echo %H {KEY}",
        "ConnectTimeout=10",
        "ServerAliveInterval=15",
    ]


def test_a_named_identity_is_the_only_one_offered() -> None:
    options = host(
        url="ssh://deploy@vps.example.com", host_key=KEY, identity_file="~/.ssh/estate"
    ).ssh_options()
    assert options[-4:] == ["-o", "IdentityFile=~/.ssh/estate", "-o", "IdentitiesOnly=yes"]
