"""A repository that git can push to and that no forge stands behind: comments are notes, a merge is a fast-forward."""

from maestro.execution.places import Places
from maestro.forges.fast_forward import FastForwards
from maestro.forges.notes import Notes


class PlainGit:
    """The forge of a path or an address that is nothing but git."""

    def __init__(self, places: Places) -> None:
        self.comments = Notes(places)
        self.merges = FastForwards(places)
