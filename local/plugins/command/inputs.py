"""The properties of command:local:Command, version 1.2.1."""

from __future__ import annotations

from local.plugins.base.fields import FLAG, MAP, TEXT, TEXTS, Field, Kind, one_of

# Their items can be of any type; only their presence is checked.
TRIGGERS = Field(kind=Kind.LIST, item=Field(kind=Kind.TEXT), replaces=True)

FIELDS = {
    "create": TEXT,
    "update": TEXT,
    "delete": TEXT,
    "dir": TEXT,
    "environment": MAP,
    "interpreter": TEXTS,
    "stdin": TEXT,
    "triggers": TRIGGERS,
    "logging": one_of("stdout", "stderr", "stdoutAndStderr", "none"),
    "addPreviousOutputInEnv": FLAG,
}

REFUSED = ("assetPaths", "archivePaths")
