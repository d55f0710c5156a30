"""A script, not a module: puts itself into namespaces and under Landlock, then becomes the command it was given.

Runs with the bare interpreter (no package, no site folder) and imports nothing of Maestro. Whatever fails here ends
with exit status 125 before the command starts: a sandbox that is not complete runs nothing.
"""

# Each step here is one system call, and importing pathlib would be a third of the whole start.
# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH112, PTH120, PTH123, PTH211

import ctypes
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from fcntl import ioctl
from typing import NoReturn, TypedDict

SETUP_FAILED = 125

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 32, 4096, 16384, 1 << 18
MS_RDONLY = 1
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
AT_FDCWD, AT_RECURSIVE, O_PATH = -100, 0x8000, 0x200000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
SYS_MOUNT_SETATTR, SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446
LANDLOCK_RULE_PATH, LANDLOCK_RULE_PORT = 1, 2
LANDLOCK_EXECUTE, LANDLOCK_READ_FILE, LANDLOCK_READ_FOLDER = 1, 4, 8
LANDLOCK_CONNECT_TCP = 2
LANDLOCK_SCOPE_ALL = 3
FILE_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights to files each Landlock version knows; from version 5 on sixteen."""

ON_A_FILE = 1 | 2 | 4 | 1 << 14 | 1 << 15
"""The rights that mean something for a single file: execute, write, read, truncate, device control."""

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

libc = ctypes.CDLL(None, use_errno=True)


class Plan(TypedDict):
    """What the sandbox shall be; written by ``namespaces.py``."""

    mounts: list[tuple[str, str, bool]]
    folder: str
    network: bool
    user: int
    group: int
    connect_ranges: list[tuple[int, int]] | None


def main(stage: str, plan: Plan, argv: Sequence[str]) -> None:
    """Run one stage: ``isolate`` (everything), ``landlock`` (ports only, inside another sandbox)."""
    if stage == "isolate":
        isolate(plan, argv)
    restrict_ports(plan["connect_ranges"] or [])
    execute(argv)


def isolate(plan: Plan, argv: Sequence[str]) -> NoReturn:
    """Three processes: this one waits outside, the next is the first of the PID namespace, the last is the command."""
    die_with_parent()
    user, group = os.getuid(), os.getgid()
    kinds = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
    call(libc.unshare, CLONE_NEWUSER | kinds | (0 if plan["network"] else CLONE_NEWNET))
    map_ids((0, user), (0, group))
    first = os.fork()
    if first:
        leave(wait_for(first))
    die_with_parent()
    build_root(plan)
    if not plan["network"]:
        raise_loopback()
    socket.sethostname("sandbox")
    write("/proc/sys/user/max_user_namespaces", "1")
    child = os.fork()
    if child:
        leave(wait_for(child))
    # A second user namespace: the command owns none of the mounts, so it cannot take one away.
    call(libc.unshare, CLONE_NEWUSER)
    map_ids((plan["user"], 0), (plan["group"], 0))
    os.setsid()
    drop_capabilities()
    restrict_files([inside for _, inside, writable in plan["mounts"] if writable], plan["connect_ranges"])
    os.chdir(plan["folder"])
    execute(argv)


def build_root(plan: Plan) -> None:
    """A root that has only what the plan names, on an empty file system that is read-only in the end."""
    root = "/tmp"  # noqa: S108 - any folder that exists everywhere; the mount hides it from this process alone
    call(libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call(libc.mount, b"tmpfs", root.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755")
    os.chdir(root)
    os.mkdir("old")
    call(libc.pivot_root, b".", b"old")
    os.chdir("/")
    for folder in ("proc", "dev", "tmp"):
        os.mkdir(folder)
    call(libc.mount, b"proc", b"proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    call(libc.mount, b"tmpfs", b"tmp", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=1777")
    build_devices()
    for outside, inside, writable in plan["mounts"]:
        bind("/old" + outside, inside, writable=writable)
    call(libc.umount2, b"old", MNT_DETACH)
    os.rmdir("old")
    call(libc.mount, b"none", b"/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, None)


def build_devices() -> None:
    call(libc.mount, b"tmpfs", b"dev", b"tmpfs", MS_NOSUID, b"mode=0755")
    for name in DEVICES:
        bind("/old/dev/" + name, "/dev/" + name, writable=True, devices=True)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink("/proc/self/" + target, "/dev/" + name)
    for folder in ("dev/shm", "dev/pts"):
        os.mkdir(folder)
    call(libc.mount, b"tmpfs", b"dev/shm", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=1777")
    call(libc.mount, b"devpts", b"dev/pts", b"devpts", MS_NOSUID | MS_NOEXEC, b"newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", "/dev/ptmx")


def bind(source: str, target: str, *, writable: bool, devices: bool = False) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):  # it does where it lies in a folder that is bound already
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    call(libc.mount, os.fsencode(source), os.fsencode(target), None, MS_BIND | MS_REC, None)
    attributes = MOUNT_ATTR_NOSUID | (0 if devices else MOUNT_ATTR_NODEV) | (0 if writable else MOUNT_ATTR_RDONLY)
    # Recursive, because a plain remount leaves file systems that are mounted below the source writable.
    value = struct.pack("QQQQ", attributes, 0, 0, 0)
    call(libc.syscall, SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, value, len(value))


def map_ids(user: tuple[int, int], group: tuple[int, int]) -> None:
    """One user and one group, each as (inside, outside); no other identity exists in the namespace."""
    write("/proc/self/uid_map", f"{user[0]} {user[1]} 1")
    write("/proc/self/setgroups", "deny")
    write("/proc/self/gid_map", f"{group[0]} {group[1]} 1")


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("H", ioctl(any_socket, SIOCGIFFLAGS, request), 16)[0]
        ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def drop_capabilities() -> None:
    number = 0
    while libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Version 3 of the capability call, this process, all three sets empty.
    call(libc.capset, struct.pack("Ii", 0x20080522, 0), bytes(24))


def restrict_files(writable: Sequence[str], connect_ranges: "list[tuple[int, int]] | None") -> None:
    """Landlock: read and execute everywhere in the new root, write only where the plan says."""
    version = libc.syscall(SYS_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        raise OSError(ctypes.get_errno(), "the kernel has no Landlock")
    every = (1 << FILE_RIGHTS_OF_ABI.get(version, 16)) - 1
    ports = LANDLOCK_CONNECT_TCP if connect_ranges is not None and version >= 4 else 0
    scope = LANDLOCK_SCOPE_ALL if version >= 6 else 0
    rules = create_rules(every, ports, scope)
    allow_path(rules, "/", LANDLOCK_EXECUTE | LANDLOCK_READ_FILE | LANDLOCK_READ_FOLDER)
    for path in ("/dev", "/proc", "/tmp", *writable):  # noqa: S108 - an empty file system of the sandbox
        allow_path(rules, path, every if os.path.isdir(path) else every & ON_A_FILE)
    if connect_ranges is not None:
        allow_ports(rules, connect_ranges, version)
    call(libc.syscall, SYS_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def restrict_ports(connect_ranges: "list[tuple[int, int]]") -> None:
    """Landlock for TCP connections alone."""
    call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = libc.syscall(SYS_LANDLOCK_CREATE, None, 0, 1)
    rules = create_rules(0, LANDLOCK_CONNECT_TCP, 0)
    allow_ports(rules, connect_ranges, version)
    call(libc.syscall, SYS_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def create_rules(files: int, network: int, scope: int) -> int:
    attributes = struct.pack("QQQ", files, network, scope)
    # A kernel takes a longer structure than it knows when the part that it does not know is zero.
    return call(libc.syscall, SYS_LANDLOCK_CREATE, attributes, len(attributes), 0)


def allow_path(rules: int, path: str, rights: int) -> None:
    folder = os.open(path, O_PATH | os.O_CLOEXEC)
    call(libc.syscall, SYS_LANDLOCK_ADD, rules, LANDLOCK_RULE_PATH, struct.pack("=Qi", rights, folder), 0)
    os.close(folder)


def allow_ports(rules: int, ranges: "list[tuple[int, int]]", version: int) -> None:
    if version < 4:
        raise OSError(0, "Landlock of this kernel cannot restrict the network; Linux 6.7 can")
    for first, last in ranges:
        for port in range(first, last + 1):
            rule = struct.pack("QQ", LANDLOCK_CONNECT_TCP, port)
            call(libc.syscall, SYS_LANDLOCK_ADD, rules, LANDLOCK_RULE_PORT, rule, 0)


def die_with_parent() -> None:
    parent = os.getppid()
    call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def wait_for(child: int) -> int:
    """The end of ``child``; as the first process of a namespace this one also buries every orphan."""
    while True:
        ended, status = os.wait()
        if ended == child:
            return os.waitstatus_to_exitcode(status)


def leave(exit_code: int) -> NoReturn:
    os._exit(exit_code if exit_code >= 0 else 128 - exit_code)


def execute(argv: Sequence[str]) -> NoReturn:
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted
    except OSError as error:
        fail(f"{argv[0]}: {error.strerror}", 126 if isinstance(error, PermissionError) else 127)


def call(function: Callable[..., int], *arguments: object) -> int:
    result = function(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
    return result


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def fail(message: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"sandbox: {message}\n")
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    try:
        main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:])
    except OSError as error:
        fail(str(error), SETUP_FAILED)
