"""The canary: a workflow that does nothing, in a namespace of its own, to see whether a cluster conducts at all."""

from temporalio import workflow


@workflow.defn(name="CanaryWorkflow")
class CanaryWorkflow:
    """Ends at once."""

    @workflow.run
    async def run(self) -> None:
        return None
