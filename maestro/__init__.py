"""The domain of Maestro: models, decisions and adapters. Knows nothing of Temporal; every part can be used alone."""

__version__ = "0.1.0"
