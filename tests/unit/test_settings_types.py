from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from settings import Duration, types

HEX = "0123456789abcdef" * 4
DIGEST = f"@sha256:{HEX}"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "b" * 43
BCRYPT = "$2y$10$" + "a" * 53

PAIRS: dict[str, tuple[list[object], list[object]]] = {
    "Domain": (
        ["a.br", "tickets.example.com", "tickets.localhost", "xn--caf-dma.example"],
        ["", "localhost", "A.example.com", "a..b", "-a.b", "a.b.", "1.2.3.4", "a_b.c", "a.b\n", 3],
    ),
    "Email": (["a@b.co", "a.b+c@d.example"], ["a", "a@b", "a b@c.de", "<a@b.co>", "a@b.co\n"]),
    "Sender": (
        ["a@b.co", "Tickets <a@b.co>", "Atendimento São Paulo <a@b.co>"],
        ['"T" <a@b.co>', "T a@b.co", "<a@b.co>", "a@b.co>", "T\n <a@b.co>", "$ <a@b.co>"],
    ),
    "ImageRef": (
        [
            f"app{DIGEST}",
            f"traefik:v3.6.12{DIGEST}",
            f"127.0.0.1:5000/estate/tickets{DIGEST}",
            f"ghcr.io/get-convex/convex-backend{DIGEST}",
        ],
        ["app", "app:latest", f"app@sha256:{HEX[1:]}", f"App{DIGEST}", f" app{DIGEST}", DIGEST],
    ),
    "HostUrl": (
        [
            "unix:///var/run/docker.sock",
            "ssh://deploy@203.0.113.7:22",
            "ssh://deploy@vps.example.com",
            "ssh://deploy@[2001:db8::7]:2222",
        ],
        [
            "unix://docker.sock",
            "tcp://203.0.113.7:2375",
            "ssh://203.0.113.7",
            "ssh://-oProxyCommand=x@a",
            "ssh://deploy@-a",
            "ssh://deploy:pass@a",
            "ssh://deploy@a:0",
            "ssh://deploy@a/b",
        ],
    ),
    "HostKey": (
        [f"ssh-ed25519 {KEY}", f"ssh-rsa {KEY}==", "placeholder"],
        [KEY, f"ssh-ed25519 {KEY} root@vps", f"vps ssh-ed25519 {KEY}", "ssh-ed25519 AAAA", "x"],
    ),
    "IdentityFile": (["~/.ssh/estate", "/etc/estate/key"], ["estate", "~/a b", "/a/%h", ""]),
    "AddressV4": (["203.0.113.7"], ["203.0.113", "203.0.113.7/32", "2001:db8::7", "vps", 3]),
    "AddressV6": (["2001:db8::7"], ["203.0.113.7", "2001:db8::7/64", "fe80::1%eth0"]),
    "Cidr": (
        ["203.0.113.7/32", "10.0.0.0/8", "2001:db8::/32"],
        ["203.0.113.7", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "x/8"],
    ),
    "Port": ([1, 443, 65535], [0, 65536, "443", True, 1.5]),
    "Hour": ([0, 23], [24, -1, "8"]),
    "HttpStatus": ([100, 200, 599], [99, 600, "200", True]),
    "Attempts": ([1, 1000], [0, 1001]),
    "Kept": ([1, 1000], [0, 1001]),
    "Milliseconds": ([1, 2592000000], [0, "1"]),
    "Ttl": ([1, 60, 86400], [0, 2, 59, 86401, "300", True]),
    "ZoneId": (["1f" * 16], ["1F" * 16, "1f" * 15, 3]),
    "HostName": (["vps", "vps-2"], ["Vps", "2vps", "vps-", "a.b", ""]),
    "NodeName": (["vps-1", "srv.example"], ["", "-a", "a b"]),
    "ServiceName": (["sistema", "sistema_staging"], ["Sistema", "_a", "a" * 41, "a.b"]),
    "SwarmName": (["sistema_web", "a" * 63], ["Web", "-a", "a" * 64, "a.b"]),
    "InstanceName": (["convex-self-hosted", "a"], ["a|b", "-a", "a_b", ""]),
    "AbsolutePath": (["/srv/apps/sistema"], ["srv", "/srv/../etc", "/srv\n", ""]),
    "HttpPath": (["/", "/api/machines/register"], ["api", "/a?b", "/a b", "//[", ""]),
    "Url": (
        ["https://example.com", "http://127.0.0.1:14000/dir"],
        ["example.com", "ftp://a.b", "https://u:p@a.b", "https://[x", "https://a.b/?q"],
    ),
    "StoreUrl": (
        ["https://s3.eu-central-1.amazonaws.com", "http://10.0.0.1:7070"],
        ["s3.example.com", "https://s3.example.com/bucket", "https://k:s@s3.example.com", ""],
    ),
    "BucketName": (["team-estate-backups", "placeholder"], ["ab", "Team", "a/b", "-abc", ""]),
    "ObjectPath": (["estate/prod", "a"], ["/a", "a/", "a//b", "../a", "a b", ""]),
    "Region": (["eu-central-1"], ["", "EU", "eu central"]),
    "Pem": (
        [
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" * 2,
        ],
        ["AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
    ),
    "Commit": (["2f1c9d0", "2f1c9d0a7b3e"], ["2f1c9d", "2F1C9D0", "main", 1234567]),
    "Argument": (["bash", "a b"], ["", "a\0", 3]),
    "BcryptUser": (
        [f"ana:{BCRYPT}"],
        ["ana:secret", f":{BCRYPT}", f"ana:{BCRYPT}x", "ana:$apr1$x$" + "a" * 22],
    ),
    "CronExpression": (
        ["* * * * *", "*/30 * * * *", "0 3 1,15 * 1-5", "0-30/10 * * * 7"],
        ["* * * *", "@hourly", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
         "5-1 * * * *", "*/0 * * * *", "a * * * *", "*  * * * *", "1/5 * * * *", ", * * * *"],
    ),
    "DatabaseUrl": (
        ["file:/app/data/db.sqlite"],
        ["file:./prisma/db.sqlite", "file:/app/data/../db", "file:/app/db", "file:/app/data/", "x"],
    ),
    "PostgresName": (["crm_user", "_a"], ["", "Crm", "1a", "a-b", "a b", "a" * 64, 3]),
    "RegistryName": (
        ["ghcr.io", "registry.example.com:5000", "localhost:5000"],
        ["", "https://ghcr.io", "ghcr.io/team", "ghcr.io:0", 3],
    ),
    "RecordName": (["status.example.com", "*.erp.example.com"], ["*", "a.*.com", "*a.com", 3]),
    "TenantName": (["acme", "a", "cliente-2"], ["", "Acme", "-a", "a_b", "a.b", "a" * 33, 3]),
    "AppName": (["erpnext", "nfse_pr"], ["", "ERPNext", "nfse-pr", "1a", "a b", 3]),
    "Variable": (["tenant-atlas", "a b", "it's"], ["", "a$b", "a\\b", "a`b", "a\nb", "'\"", 3]),
    "Secret": (["x", "p'w", "placeholder"], ["", "a$b", "a\nb", 3]),
    "StrongSecret": ([HEX[:16], "placeholder"], [HEX[:15], "", "$" * 16]),
    "LongSecret": ([HEX[:32], "placeholder"], [HEX[:31]]),
    "HexSecret": ([HEX, "placeholder"], [HEX.upper(), HEX[1:], HEX + "0"]),
    "AlertUrl": (
        ["ntfys://ntfy.example.com/estate", "json://a:b@203.0.113.7:1/x?y=z", "placeholder"],
        ["ntfy.example.com", "://x", "ntfys://", "ntfys://a b", 3],
    ),
    "Ignored": (
        ["container:portainer*", "record:TXT *", "node-label:vps-1 zone", "port:8080/tcp"],
        ["portainer", "pod:x", "container:", "container: x", "container:x ", 3],
    ),
}  # fmt: skip


def cases(side: int) -> list[Any]:
    return [
        pytest.param(name, value, id=f"{name} {value!r}")
        for name, pair in PAIRS.items()
        for value in pair[side]
    ]


def annotated() -> dict[str, Any]:
    return {
        name: kind
        for name, kind in vars(types).items()
        if hasattr(kind, "__metadata__") and not name.startswith("_")
    }


def test_every_type_has_a_pair_here() -> None:
    assert set(annotated()) == set(PAIRS) | {"Timespan", "ByteSize"}


@pytest.mark.parametrize(("name", "value"), cases(0))
def test_a_right_value_stays_as_it_is(name: str, value: object) -> None:
    read: Any = TypeAdapter(annotated()[name]).validate_python(value)
    assert (read.get_secret_value() if hasattr(read, "get_secret_value") else read) == value


@pytest.mark.parametrize(("name", "value"), cases(1))
def test_a_wrong_value_is_refused_in_words(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotated()[name]).validate_python(value)
    (error,) = caught.value.errors(include_url=False, include_input=False)
    message = str(error["ctx"]["error"])
    needs: str = annotated()[name].__metadata__[0].what
    assert message == f"needs {needs}" or message.startswith("must not hold ")


@pytest.mark.parametrize(
    ("text", "seconds", "go"),
    [
        ("5s", 5, "5s"),
        ("90s", 90, "1m30s"),
        ("1m30s", 90, "1m30s"),
        ("2m", 120, "2m"),
        ("1h", 3600, "1h"),
        ("1h5s", 3605, "1h0m5s"),
    ],
)
def test_a_time_has_one_canonical_form(text: str, seconds: int, go: str) -> None:
    read: Duration = TypeAdapter(types.Timespan).validate_python(text)
    assert read == Duration(seconds)
    assert read.go == go


@pytest.mark.parametrize(
    "value", ["", "0s", "5", "5 s", "1.5s", "-5s", "5ms", "s", "\u0665s", 5, None], ids=repr
)
def test_a_time_needs_a_unit(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(types.Timespan).validate_python(value)


@pytest.mark.parametrize(
    ("text", "size"), [("1K", 1024), ("512M", 536_870_912), ("20G", 21_474_836_480)]
)
def test_a_size_is_read_as_docker_reads_it(text: str, size: int) -> None:
    assert TypeAdapter(types.ByteSize).validate_python(text) == size


@pytest.mark.parametrize("value", ["", "0M", "512", "512MB", "512m", "1.5G", "-1G", 512], ids=repr)
def test_a_size_needs_a_unit(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(types.ByteSize).validate_python(value)
