"""Half-made DNS records: removed, because Cloudflare refuses the same record twice (81058)."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ops.records import RECORD, ask, zones_api
from settings import Estate

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
    records = [one.inputs for one in made if one.type == RECORD]
    if not records or estate.dns is None or estate.dns_secrets is None:
        return
    with zones_api(estate.dns, estate.dns_secrets) as (http, base):
        for record in records:
            url = f"{base}/zones/{record['zoneId']}/dns_records"
            same = {key: str(record[key]) for key in _SAME}
            for found in ask(http, "GET", url, params=same)["result"]:
                # Asked once more here, because the API ignores a filter that it does not know.
                if found["id"] not in known and all(found[key] == same[key] for key in _SAME):
                    ask(http, "DELETE", f"{url}/{found['id']}")
