"""Thin adapters between Temporal and the domain, one file per phase: unpack, call ``maestro``, heartbeat, return."""
