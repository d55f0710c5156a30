"""The processes: a worker per region and the local stack that keeps them running."""
