#!/bin/sh
# Starts Pebble with a certificate for PEBBLE_NAMES and PEBBLE_ADDRESSES; /pebble/ca.pem is what clients trust.
# PEBBLE_HTTP_PORT and PEBBLE_TLS_PORT are the ports it calls back on; arguments go to pebble.
# `challtestsrv …` runs the challenge test server instead.
set -eu
if [ "${1:-}" = challtestsrv ]; then
    shift
    exec pebble-challtestsrv "$@"
fi
mkdir -p /pebble
cd /pebble
if [ ! -s leaf.pem ]; then
    names=$(for name in $PEBBLE_NAMES; do printf 'DNS:%s,' "$name"; done
            for address in $PEBBLE_ADDRESSES; do printf 'IP:%s,' "$address"; done)IP:127.0.0.1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj "/CN=Pebble test CA" -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -subj "/CN=pebble" -keyout leaf.key -out leaf.csr 2>/dev/null
    printf 'subjectAltName=%s\n' "$names" > leaf.ext
    openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
        -extfile leaf.ext -out leaf.pem 2>/dev/null
fi
cat > config.json <<CONFIG
{"pebble": {
  "listenAddress": "0.0.0.0:14000", "managementListenAddress": "0.0.0.0:15000",
  "certificate": "/pebble/leaf.pem", "privateKey": "/pebble/leaf.key",
  "httpPort": ${PEBBLE_HTTP_PORT}, "tlsPort": ${PEBBLE_TLS_PORT},
  "ocspResponderURL": "", "externalAccountBindingRequired": false
}}
CONFIG
exec pebble -config /pebble/config.json "$@"
