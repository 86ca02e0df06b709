"""Half-made DNS records: removed, because Cloudflare refuses the same record twice (81058)."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import httpx

from ops.errors import OpsError
from settings import Estate

_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_API = "https://api.cloudflare.com/client/v4"
_LIMIT_S = 30.0
_SAME = ("type", "name", "content")


class Made(Protocol):
    """What was being created."""

    @property
    def type(self) -> str:
        """Type token."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it was to become."""


def take_back_records(estate: Estate, made: Iterable[Made], known: set[str]) -> None:
    """Remove records that were being created and are not in the state.

    Args:
        estate: the settings, with the token.
        made: what was being created, records and other things.
        known: ids in the state; these stay.

    Raises:
        OpsError: the API cannot be asked, or refuses.
    """
    records = [one.inputs for one in made if one.type == _RECORD]
    if not records or estate.dns is None or estate.dns_secrets is None:
        return
    token = estate.dns_secrets.CLOUDFLARE_API_TOKEN.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"}
    base = (estate.dns.api_url or _API).rstrip("/")
    with httpx.Client(headers=headers, timeout=_LIMIT_S) as http:
        for record in records:
            url = f"{base}/zones/{record['zoneId']}/dns_records"
            same = {key: str(record[key]) for key in _SAME}
            for found in _ask(http, "GET", url, params=same):
                # Asked once more here, because the API ignores a filter that it does not know.
                if found["id"] not in known and all(found[key] == same[key] for key in _SAME):
                    _ask(http, "DELETE", f"{url}/{found['id']}")


def _ask(http: httpx.Client, method: str, url: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
    try:
        answer = http.request(method, url, **given)
        answer.raise_for_status()
        return answer.json()["result"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise OpsError(
            f"a half-made DNS record could not be looked at: {method} {url}: {error}",
            todo="see that the API of the zone answers and that its token is valid; run it again",
        ) from error
