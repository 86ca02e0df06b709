#!/bin/sh
set -eu
. ./credentials.sh
# exec: the backend is process 1, where a SIGTERM without a handler does nothing.
exec node --disable-warning=ExperimentalWarning backend/main.mjs
