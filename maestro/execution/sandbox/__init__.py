"""Runs a command that trusts nothing to it: no network, no secret, no file of the machine, no foreign process.

A ``Sandbox`` turns a command and a ``View`` (all that the command may see) into the command that is really started.
``choose`` finds the strongest one that works here, by trying it. The tests try the escapes, not the flags.
"""

from maestro.execution.sandbox.choose import Sandbox, choose
from maestro.execution.sandbox.view import Mount, View

__all__ = ["Mount", "Sandbox", "View", "choose"]
