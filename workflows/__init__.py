"""Durable orchestration, one file per lifecycle. Deterministic: only order, timers, signals and updates."""
