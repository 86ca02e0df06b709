#!/bin/sh
# The application server on port 8000.
cd /home/frappe/frappe-bench/sites && exec python3 -m standin.web
