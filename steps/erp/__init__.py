"""The bench of an ERP: its sites, and the way of a release through them."""
