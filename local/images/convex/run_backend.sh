#!/bin/bash
# Traces itself, as the script of the real image does: what it traces ends up in the log.
set -eux
. ./credentials.sh
# exec: the backend is process 1, where a SIGTERM without a handler does nothing.
exec node --disable-warning=ExperimentalWarning backend/main.mjs
