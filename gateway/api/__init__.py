"""The HTTP API: what commands can do, for browsers, CI and forges. Its description is at ``/openapi.json``."""
