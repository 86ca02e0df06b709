#!/bin/sh
set -eu
. ./credentials.sh
exec node backend/admin_key.mjs
