"""The supervisor process: ``python -m workers.stack``, started detached by ``maestro up``.

Exit codes: 0 ended as asked, 2 what was asked for cannot be started, 3 it failed or another stack holds this home.
"""

import argparse
import asyncio
import sys

from maestro.errors import MaestroError, PlatformUnavailable
from maestro.home import home
from workers.logging import configure_logging
from workers.stack.parts import prepare_clusters
from workers.stack.plan import check_ports, plan_stack, prepare_home
from workers.stack.state import StackStatus, forget_state, locked
from workers.stack.supervisor import Supervisor


def supervise(*, while_pid: int | None) -> int:
    """Be the stack of this home until asked to end; the exit code."""
    plan = plan_stack(while_pid=while_pid)
    prepare_home(plan.home)
    with locked() as alone:
        if not alone:
            raise PlatformUnavailable(
                f"another stack runs in {home()}",
                field="MAESTRO_HOME",
                fix="end it with `maestro down`, or use its own home for each",
            )
        check_ports(plan)
        if plan.clustered:
            prepare_clusters(plan)
        state = asyncio.run(Supervisor(plan).run())
        if state.status is StackStatus.FAILED:
            return PlatformUnavailable.exit_code
        forget_state()
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers.stack", description=__doc__)
    parser.add_argument("--while-pid", type=int, help="end the stack when the process with this id is gone")
    configure_logging()
    try:
        return supervise(while_pid=parser.parse_args().while_pid)
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
