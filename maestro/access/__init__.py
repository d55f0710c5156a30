"""Access: who somebody is, and what they may do for which tenant.

Whoever comes in is a ``Principal`` with roles by tenant; whatever can be done needs a ``Permission``.
"""

from maestro.access.principals import Permission, Principal, PrincipalKind, Role

__all__ = ["Permission", "Principal", "PrincipalKind", "Role"]
