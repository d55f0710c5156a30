"""What holds for every test: a machine that is busy is no failure, so hypothesis measures no time."""

from hypothesis import settings

settings.register_profile("maestro", deadline=None)
settings.load_profile("maestro")
