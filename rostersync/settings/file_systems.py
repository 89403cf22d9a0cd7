"""Tells a network file system from a disk of this machine: SQLite's log and the kernel's locks need the latter."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""What is mounted where, as Linux tells it (proc(5)); other systems have no such file."""
NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "coda", "davfs", "drvfs", "gfs2", "gpfs"),
        *("beegfs", "lustre", "ncpfs", "ocfs2", "orangefs", "prl_fs", "pvfs2", "vboxsf", "vmhgfs"),
    }
)
_FUSE_NETWORK = re.compile(
    r"fuse\.(sshfs|smbnetfs|cifs|curlftpfs|davfs2?|s3fs|rclone|gcsfuse|goofys|blobfuse2?|glusterfs|ceph(-fuse)?"
    r"|moosefs|juicefs|vmhgfs-fuse)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_kind(path: Path, mounts: Path | None = None) -> str | None:
    """The kind of the network file system on which the path lies, or would lie; None of any other.

    Only Linux says so; elsewhere it is None.
    """
    try:
        table = (mounts or MOUNTS).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    target = path.resolve()
    found, depth = "", -1
    for line in table.splitlines():
        mount, _, about = line.partition(" - ")
        point = Path(_plain(mount.split(" ")[4]))
        # The later one of two on the same point lies over the earlier one.
        if target.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = about.split(" ")[0], len(point.parts)
    return found if found in NETWORK or _FUSE_NETWORK.fullmatch(found) else None


def _plain(point: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), point)
