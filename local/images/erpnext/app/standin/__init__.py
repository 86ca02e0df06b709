"""A stand-in for Frappe's `bench` and its services; keeps each site's rows in a real MariaDB."""
