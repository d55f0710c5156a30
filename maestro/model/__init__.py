"""The models that pass between the rooms: frozen, one in and one out per workflow, activity, update and signal.

Units stand in the names: ``_seconds`` (float), ``_usd`` (Decimal dollars), ``_g`` (grams of CO2 equivalent),
``bytes``. Nothing here imports another room, and nothing large lives here: bytes pass as ``ArtifactRef``.
"""
