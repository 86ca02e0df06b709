"""What a restore drill leaves behind: a report here, a line beside the catalog."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.workplace import PRIVATE
from steps.backups import Proven


def told(copy: Proven) -> dict[str, Any]:
    """Return what a report says of one copy; pure."""
    return {
        **copy.model_dump(include={"source", "kind", "file", "created", "compared", "seconds"}),
        "rows": sum(copy.tables.values()),
        "bytes": copy.bytes,
    }


def short(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line that stays beside the catalog; pure."""
    kept = {key: record[key] for key in ("app", "at", "from", "ok", "why", "seconds")}
    return {**kept, "copies": [f"{one['source']}/{one['file']}" for one in record["copies"]]}


def report(record: Mapping[str, Any], stack: str) -> Path:
    """Write the whole report and return its file."""
    folder = PRIVATE / "drills"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = str(record["at"]).replace(":", "").replace("-", "")
    file = folder / f"{stack}-{stamp}-{record['app']}.json"
    file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return file


def as_text(record: Mapping[str, Any], file: Path) -> str:
    """Return the outcome for people; pure."""
    lines = [
        f"  {one['source']:<9} {one['file']} of {one['created']}: {one['compared']} are as proven "
        f"({one['rows']} rows, {one['bytes']} bytes, {one['seconds']:g} s)"
        for one in record["copies"]
    ]
    end = "came back whole" if record["ok"] else f"FAILED: {record['why']}"
    head = f"drill of {record['app']} from {record['from']}, {record['seconds']:g} s: {end}"
    return "\n".join([head, *lines, f"report: {file}", ""])
