"""The words of a stack file as types; each says in its message what it needs."""

import re
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import SecretStr

from .cron import reads_as_cron
from .dotenv import refuse_ambiguous
from .duration import Duration
from .needs import Needs, text, whole
from .placeholder import WORD

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?"
_EMAIL = rf"[A-Za-z0-9._%+-]+@{_DOMAIN}"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])"
_REGISTRY = r"(?:[A-Za-z0-9.-]+(?::[0-9]{1,5})?/)?"
_TAG = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
_REPOSITORY = rf"{_REGISTRY}[a-z0-9]+(?:[._/-]+[a-z0-9]+)*{_TAG}"
_KEY_TYPES = r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))"
_SIZES = {"K": 2**10, "M": 2**20, "G": 2**30}
STRANGERS = (
    *("service", "container", "port", "network", "volume", "secret", "config"),
    *("node-label", "record", "proxy-host", "site"),
)
"""Kinds of things that can be there without a declaration."""
GENERATE = "make one with: openssl rand -hex 32"
"""How a person gets a secret that nobody can guess."""


def _is_path(value: str) -> bool:
    return value.startswith("/") and value.isprintable() and ".." not in value.split("/")


def _is_network(value: str) -> bool:
    if not re.search(r"/[0-9]{1,3}$", value):
        return False
    try:
        return bool(ip_network(value))
    except ValueError:
        return False


def _is_host_url(value: str) -> bool:
    if value.startswith("unix://"):
        return _is_path(value.removeprefix("unix://"))
    return bool(re.fullmatch(rf"ssh://[a-z_][a-z0-9_-]*@{_HOST}(?::[1-9][0-9]{{0,4}})?", value))


def _is_sender(value: str) -> bool:
    named = re.fullmatch(rf"(?:([^<>\"'\\`$]+) <)?{_EMAIL}(>)?", value)
    return named is not None and value.isprintable() and bool(named[1]) == bool(named[2])


def is_address(value: str, version: int) -> bool:
    """Tell whether a text is an IP address of version 4 or 6."""
    try:
        return "%" not in value and ip_address(value).version == version
    except ValueError:
        return False


def is_domain(value: str) -> bool:
    """Tell whether a text is a host name with at least one dot."""
    return re.fullmatch(_DOMAIN, value) is not None


def _read_size(value: object) -> int | None:
    found = re.fullmatch(r"([1-9][0-9]*)([KMG])", value) if isinstance(value, str) else None
    return int(found[1]) * _SIZES[found[2]] if found else None


def _read_duration(value: object) -> Duration | None:
    return Duration.read(value) if isinstance(value, str) else None


def _secret(what: str, pattern: str) -> Needs:
    def read(value: object) -> SecretStr | None:
        if not isinstance(value, str):
            return None
        if value != WORD and not re.fullmatch(pattern, value, re.DOTALL):
            return None
        refuse_ambiguous(value)
        return SecretStr(value)

    return Needs(what, read)


def _read_variable(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    refuse_ambiguous(value)
    return value


Domain = Annotated[str, text("a host name, for example tickets.example.com", is_domain)]
RecordName = Annotated[
    str,
    text(
        "a host name, for example tickets.example.com, or *. and one for all names below it",
        lambda value: is_domain(value.removeprefix("*.")),
    ),
]
Email = Annotated[str, text("an e-mail address, for example admin@example.com", _EMAIL)]
Sender = Annotated[
    str,
    text(
        "a sender without outer quotes, for example Tickets <no-reply@example.com>",
        _is_sender,
    ),
]
ImageRef = Annotated[
    str,
    text(
        "an image with its digest, for example ghcr.io/team/app@sha256: and 64 hex digits",
        rf"{_REPOSITORY}@sha256:[0-9a-f]{{64}}",
    ),
]
HostUrl = Annotated[
    str,
    text(
        "a Docker host, for example ssh://deploy@203.0.113.7:22 or unix:///var/run/docker.sock",
        _is_host_url,
    ),
]
HostKey = Annotated[
    str,
    text(
        "the host's public key, its type and its value without a comment, for example"
        " ssh-ed25519 AAAAC3Nza… (ssh-keyscan -t ed25519 shows it; compare it on the host)",
        rf"{_KEY_TYPES} AAAA[A-Za-z0-9+/]{{40,}}={{0,2}}",
        also=lambda value: value == WORD,
    ),
]
IdentityFile = Annotated[
    str, text("the path of a private key, for example ~/.ssh/estate", r"(?:~/|/)[\w./@+-]+")
]
AddressV4 = Annotated[
    str,
    text("an IPv4 address, for example 203.0.113.7", partial(is_address, version=4)),
]
AddressV6 = Annotated[
    str,
    text("an IPv6 address, for example 2001:db8::7", partial(is_address, version=6)),
]
Cidr = Annotated[
    str,
    text("a network with its prefix length, for example 203.0.113.7/32", _is_network),
]
Timespan = Annotated[
    Duration, Needs("a time with its unit, for example 30s or 1m30s", _read_duration)
]
ByteSize = Annotated[int, Needs("a size in K, M or G, for example 512M", _read_size)]
Port = Annotated[int, whole("a port from 1 to 65535, for example 443", 1, 65535)]
Hour = Annotated[int, whole("an hour from 0 to 23, for example 8", 0, 23)]
HttpStatus = Annotated[int, whole("an HTTP status from 100 to 599, for example 200", 100, 599)]
Attempts = Annotated[int, whole("a number from 1 to 1000, for example 30", 1, 1000)]
Kept = Annotated[int, whole("a number of backups from 1 to 1000, for example 5", 1, 1000)]
Milliseconds = Annotated[
    int, whole("milliseconds as a whole number, for example 2592000000", 1, 2**53)
]
Ttl = Annotated[
    int,
    Needs(
        "seconds from 60 to 86400, or 1 for automatic, for example 300",
        lambda v: v if type(v) is int and (v == 1 or 60 <= v <= 86400) else None,  # noqa: PLR2004 - Cloudflare's bounds, in the message beside
    ),
]
ZoneId = Annotated[
    str,
    text(
        "the zone's id, 32 hex digits, for example 023e105f4ecef8ad9ca31a8372d0c353",
        r"[0-9a-f]{32}",
    ),
]
HostName = Annotated[
    str,
    text("a short name in small letters, for example vps", r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?"),
]
NodeName = Annotated[
    str,
    text("a Swarm node's host name, for example vps-1", r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62})"),
]
RegistryName = Annotated[
    str,
    text(
        "a registry's host name, for example ghcr.io",
        rf"{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?",
    ),
]
ServiceName = Annotated[
    str,
    text(
        "a Docker name of at most 40 small letters, digits, _ and -, for example sistema",
        r"[a-z0-9][a-z0-9_-]{0,39}",
    ),
]
SwarmName = Annotated[
    str,
    text("the name of a Swarm service, for example sistema_web", r"[a-z0-9][a-z0-9_-]{0,62}"),
]
TenantName = Annotated[
    str,
    text(
        "a customer's short name in small letters, for example acme",
        r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?",
    ),
]
AppName = Annotated[
    str,
    text("the name of an app of the image, for example erpnext", r"[a-z][a-z0-9_]{0,60}"),
]
InstanceName = Annotated[
    str,
    text(
        "a Convex instance name, for example convex-self-hosted",
        r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?",
    ),
]
AbsolutePath = Annotated[str, text("an absolute path, for example /srv/apps/sistema", _is_path)]
HttpPath = Annotated[
    str,
    text(
        "the path of a URL, for example /api/machines/register",
        r"/[A-Za-z0-9._~/-]*",
    ),
]
Url = Annotated[
    str,
    text(
        "a URL, for example https://example.com/api",
        rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?(?:/[A-Za-z0-9._~/-]*)?",
    ),
]
StoreUrl = Annotated[
    str,
    text(
        "the URL of an S3 store without a path, for example https://s3.eu-central-1.amazonaws.com",
        rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?",
    ),
]
BucketName = Annotated[
    str,
    text(
        "a bucket's name, for example team-estate-backups",
        r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]",
    ),
]
ObjectPath = Annotated[
    str,
    text(
        "names with / between them, for example estate/prod",
        r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*",
    ),
]
Region = Annotated[str, text("a region of the store, for example eu-central-1", r"[a-z0-9-]{1,63}")]
Pem = Annotated[
    str,
    text(
        "one or more certificates as PEM text, for example the content of ca.pem",
        r"(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n*)+",
    ),
]
Commit = Annotated[
    str,
    text("a commit in quotes, 7 to 40 hex digits, for example '2f1c9d0a7b3e'", r"[0-9a-f]{7,40}"),
]
Argument = Annotated[str, text("a text in quotes, for example 'bash'", r"[^\x00]+")]
BcryptUser = Annotated[
    str,
    text(
        "a name and a bcrypt hash, for example the output of: htpasswd -nB ana",
        r"[A-Za-z0-9._-]+:\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}",
    ),
]
CronExpression = Annotated[
    str,
    text("five cron fields in numbers, for example */30 * * * *", reads_as_cron),
]
DatabaseUrl = Annotated[
    str,
    text(
        "a SQLite file on the volume at /app/data, for example file:/app/data/db.sqlite",
        r"file:/app/data/(?!.*\.\.)[A-Za-z0-9._/-]*[A-Za-z0-9_-]",
    ),
]
PostgresName = Annotated[
    str,
    text(
        "a Postgres name of small letters, digits and _, for example crm_user",
        r"[a-z_][a-z0-9_]{0,62}",
    ),
]
Variable = Annotated[str, Needs("a text in quotes, for example 'tenant-atlas'", _read_variable)]
Secret = Annotated[SecretStr, _secret("a secret text that is not empty", r".+")]
StrongSecret = Annotated[
    SecretStr, _secret(f"a secret of at least 16 characters; {GENERATE}", r".{16,}")
]
LongSecret = Annotated[
    SecretStr, _secret(f"a secret of at least 32 characters; {GENERATE}", r".{32,}")
]
HexSecret = Annotated[SecretStr, _secret(f"64 hex digits; {GENERATE}", r"[0-9a-f]{64}")]
AlertUrl = Annotated[
    SecretStr,
    _secret(
        "an address in Apprise's form, for example ntfys://ntfy.example.com/estate",
        r"[a-z][a-z0-9]*://\S+",
    ),
]
Ignored = Annotated[
    str,
    text(
        f"a kind and a pattern, for example container:portainer*; kinds: {', '.join(STRANGERS)}",
        rf"(?:{'|'.join(STRANGERS)}):\S(?:.*\S)?",
    ),
]
