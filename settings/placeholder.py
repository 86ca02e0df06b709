"""What stands in a committed stack file where the real value is not public or not known yet."""

from ipaddress import IPv4Network

WORD = "placeholder"
DIGEST = "sha256:" + "0" * 64
ZONE_ID = "0" * 32
# TEST-NET-1, RFC 5737: never routed.
NETWORK = IPv4Network("192.0.2.0/24")
# RFC 6761: a name that never resolves.
TOP_LEVEL = ".invalid"


def is_placeholder(value: str) -> bool:
    """Tell whether a text stands in for a value that its owner has still to give."""
    return (
        value in {WORD, ZONE_ID}
        or value.endswith(f"@{DIGEST}")
        or value.rstrip(">").endswith(TOP_LEVEL)
        or TOP_LEVEL + "/" in value
        or _is_test_address(value)
    )


def _is_test_address(value: str) -> bool:
    try:
        return IPv4Network(value, strict=False).subnet_of(NETWORK)
    except ValueError:
        return False
