"""Bodies as the OpenAPI of 2.15 wants them, refused in the words of its validator (ajv)."""

from __future__ import annotations

import re
from typing import Any

from .errors import ApiError

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
SCHEME: Schema = {"type": "string", "enum": ["http", "https"]}
HOST: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
DOMAIN: Schema = {"type": "string", "pattern": r"^[^&| @!#%^();:/\\}{=+?<>,~`'\"]+$"}
DOMAINS: Schema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": DOMAIN}
EMAIL: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$"}


def closed(properties: Schema, *required: str) -> Schema:
    """Return the schema of an object that takes no other keys."""
    return {"type": "object", "properties": properties, "required": required, "closed": True}


LOCATION = closed(
    {
        "id": {},
        "path": WORD,
        "forward_scheme": SCHEME,
        "forward_host": HOST,
        "forward_port": PORT,
        "forward_path": TEXT,
        "advanced_config": TEXT,
    },
    *("path", "forward_scheme", "forward_host", "forward_port"),
)
HOST_FIELDS: Schema = {
    "domain_names": DOMAINS,
    "forward_scheme": SCHEME,
    "forward_host": HOST,
    "forward_port": PORT,
    "certificate_id": {"anyOf": ["new", COUNT]},
    "access_list_id": COUNT,
    "advanced_config": TEXT,
    "meta": {"type": "object"},
    "locations": {"type": "array", "items": LOCATION},
    **dict.fromkeys(
        (
            *("ssl_forced", "hsts_enabled", "hsts_subdomains", "trust_forwarded_proto"),
            *("http2_support", "block_exploits", "caching_enabled"),
            *("allow_websocket_upgrade", "enabled"),
        ),
        FLAG,
    ),
}
NEW_HOST = closed(HOST_FIELDS, "domain_names", "forward_scheme", "forward_host", "forward_port")
CHANGED_HOST = closed(HOST_FIELDS)
META = closed({
    "certificate": WORD,
    "certificate_key": WORD,
    "dns_challenge": FLAG,
    "dns_provider_credentials": TEXT,
    "dns_provider": TEXT,
    "letsencrypt_certificate": {"type": "object"},
    "propagation_seconds": COUNT,
    "key_type": {"type": "string", "enum": ["rsa", "ecdsa"]},
})
NEW_CERTIFICATE = closed(
    {
        "provider": {"type": "string", "pattern": "^(letsencrypt|other)$"},
        "nice_name": TEXT,
        "domain_names": {**DOMAINS, "minItems": 0},
        "meta": META,
    },
    "provider",
)
LIST_FIELDS: Schema = {
    "name": WORD,
    "satisfy_any": FLAG,
    "pass_auth": FLAG,
    "items": {"type": "array", "items": closed({"username": WORD, "password": TEXT})},
    "clients": {
        "type": "array",
        "items": closed({
            "address": {"type": "string", "pattern": r"^(all|[0-9A-Fa-f.:]+(/[0-9]{1,3})?)$"},
            "directive": {"type": "string", "enum": ["allow", "deny"]},
        }),
    },
}
NEW_LIST = closed(LIST_FIELDS, "name")
CHANGED_LIST = closed(LIST_FIELDS)
NEW_USER = closed(
    {
        "name": WORD,
        "nickname": WORD,
        "email": EMAIL,
        "roles": {"type": "array", "items": TEXT},
        "is_disabled": FLAG,
        "auth": {"type": "object"},
    },
    *("name", "nickname", "email"),
)
CREDENTIALS = closed({"identity": WORD, "scope": WORD, "secret": WORD}, "identity", "secret")

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "array": list,
    "object": dict,
}


def demand(body: object, schema: Schema) -> Any:  # noqa: ANN401 - JSON
    """Return the body with scalars in the right type.

    Raises:
        ApiError: it is not as the schema wants it.
    """
    errors: list[str] = []
    checked = _check(body, schema, "data", errors)
    if errors:
        raise ApiError(400, ", ".join(errors))
    return checked


def _check(value: Any, schema: Schema, path: str, errors: list[str]) -> Any:  # noqa: ANN401 - JSON
    if "anyOf" in schema:
        word, other = schema["anyOf"]
        return value if value == word else _check(value, other, path, errors)
    kind = schema.get("type")
    value = _coerced(value, kind)
    if kind and (not isinstance(value, _TYPES[kind]) or (kind == "integer" and value is True)):
        errors.append(f"{path} must be {kind}")
        return value
    _check_limits(value, schema, path, errors)
    if kind == "array":
        item = schema.get("items", {})
        return [_check(one, item, f"{path}/{number}", errors) for number, one in enumerate(value)]
    if kind == "object" and "properties" in schema:
        return _check_object(value, schema, path, errors)
    return value


def _check_object(value: Schema, schema: Schema, path: str, errors: list[str]) -> Schema:
    known: Schema = schema["properties"]
    errors.extend(
        f"{path} must have required property '{name}'"
        for name in schema["required"]
        if name not in value
    )
    errors.extend(
        f"{path} must NOT have additional properties" for name in value if name not in known
    )
    return {
        name: _check(one, known[name], f"{path}/{name}", errors)
        for name, one in value.items()
        if name in known
    }


def _check_limits(value: Any, schema: Schema, path: str, errors: list[str]) -> None:  # noqa: ANN401
    size = len(value) if isinstance(value, str | list) else 0
    number = value if isinstance(value, int) else 0
    words = schema.get("enum", [value])
    limits = {
        f"must be >= {schema.get('minimum')}": number < schema.get("minimum", number),
        f"must be <= {schema.get('maximum')}": number > schema.get("maximum", number),
        f"must NOT have fewer than {schema.get('minLength')} characters": (
            size < schema.get("minLength", 0)
        ),
        f"must NOT have fewer than {schema.get('minItems')} items": (
            size < schema.get("minItems", 0)
        ),
        "must NOT have duplicate items": (
            schema.get("uniqueItems", False) and len(set(value)) < size
        ),
        "must be equal to one of the allowed values": value not in words,
        f'must match pattern "{schema.get("pattern")}"': (
            "pattern" in schema and not re.search(schema["pattern"], str(value))
        ),
    }
    errors.extend(f"{path} {rule}" for rule, broken in limits.items() if broken)


def _coerced(value: Any, kind: str | None) -> Any:  # noqa: ANN401 - JSON
    """Convert as ajv does with `coerceTypes`."""
    if kind == "integer" and isinstance(value, str) and value.isdecimal():
        return int(value)
    if kind == "boolean" and value in {"true", "false", 0, 1} and not isinstance(value, bool):
        return value in {"true", 1}
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
