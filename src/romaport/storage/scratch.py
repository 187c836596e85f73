"""Files in the making, on a disk that may be full."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from romaport.errors import StoreUnavailable

__all__ = ["writing_scratch"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def writing_scratch() -> Iterator[None]:
    """Raise `StoreUnavailable` when the disk, or what of it is allowed, is used up."""
    try:
        yield
    except OSError as cause:
        if cause.errno not in _FULL:
            raise
        raise StoreUnavailable(store=f"scratch folder ({cause.strerror})") from cause
