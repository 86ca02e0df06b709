"""The edge: what owns ports 80 and 443, and how a service asks it for a name."""
