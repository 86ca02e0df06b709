#!/bin/bash
# The frontend on port 8080: pages from the backend, /socket.io from the websocket.
set -euo pipefail
export BACKEND=${BACKEND:-0.0.0.0:8000} SOCKETIO=${SOCKETIO:-0.0.0.0:9000}
export FRAPPE_SITE_NAME_HEADER=${FRAPPE_SITE_NAME_HEADER:-\$host}
export UPSTREAM_REAL_IP_ADDRESS=${UPSTREAM_REAL_IP_ADDRESS:-127.0.0.1}
export UPSTREAM_REAL_IP_HEADER=${UPSTREAM_REAL_IP_HEADER:-X-Forwarded-For}
export UPSTREAM_REAL_IP_RECURSIVE=${UPSTREAM_REAL_IP_RECURSIVE:-off}
export PROXY_READ_TIMEOUT=${PROXY_READ_TIMEOUT:-120} CLIENT_MAX_BODY_SIZE=${CLIENT_MAX_BODY_SIZE:-50m}
text=$(</templates/nginx/frappe.conf.template)
for name in BACKEND SOCKETIO FRAPPE_SITE_NAME_HEADER UPSTREAM_REAL_IP_ADDRESS \
  UPSTREAM_REAL_IP_HEADER UPSTREAM_REAL_IP_RECURSIVE PROXY_READ_TIMEOUT CLIENT_MAX_BODY_SIZE; do
  text=${text//"\${$name}"/"${!name}"}
done
printf '%s\n' "$text" >/etc/nginx/conf.d/frappe.conf
exec nginx -g 'daemon off; pid /tmp/nginx.pid; worker_processes 1;'
