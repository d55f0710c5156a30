"""The gateway as one ASGI service. It keeps no state of its own: Temporal and the ledger have it, so that any number
of gateways run side by side, and one that dies loses nothing.
"""
