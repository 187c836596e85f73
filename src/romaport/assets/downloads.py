"""Downloads: an archive is offered until its last byte was handed over once, or its time is over."""

from contextlib import suppress
from datetime import timedelta

from romaport.assets.desk import Desk, may_see
from romaport.assets.landing import clear, discard_in_steps
from romaport.assets.uploads import upload_paths
from romaport.catalog import Actor, forget, hidden_jobs, staged_jobs
from romaport.errors import ArchiveMissing, StoreUnavailable
from romaport.jobs import Archive, JobType, Owner

__all__ = ["find_archive", "outdate_answers", "sweep", "take_archive"]


def find_archive(desk: Desk, owner: Owner, actor: Actor, archive_id: str) -> Archive:
    """Answer an archive to download.

    Raise `ArchiveMissing` if there is none in the instance or it is another user's, `ArchiveTaken`
    or `ArchiveExpired` if it was.
    """
    with desk.database.snapshot() as tx:
        archive, job = desk.ledger.archive(tx, archive_id)
    if not may_see(job, owner, actor):
        raise ArchiveMissing(archive_id=archive_id)
    desk.ledger.offered(archive, job)
    desk.checkpoint("download.found")
    return archive


def outdate_answers(desk: Desk, archive: Archive) -> None:
    """Have whoever keeps an answer about the archive's job look anew."""
    with desk.database.transaction() as tx:
        desk.ledger.renew(tx, archive.job_id)


def take_archive(desk: Desk, archive: Archive, *, by: str) -> bool:
    """Use up the one download of an archive: its job is Finished, its bytes go. False if someone was faster."""
    desk.checkpoint("download.handed")
    with desk.database.transaction() as tx:
        is_first = desk.ledger.take(tx, archive, by=by)
        desk.checkpoint("download.taking")
    desk.checkpoint("download.taken")
    if is_first:
        # What a broken store keeps now, a sweep removes later.
        with suppress(StoreUnavailable):
            desk.archives.remove(archive.path)
        desk.checkpoint("download.removed")
    return is_first


def sweep(desk: Desk, *, grace: timedelta | None = None) -> list[str]:
    """Finish what has expired, and remove every file and staged asset that nothing needs; answer the removed files.

    `grace` is how old a file without a row must be: one just written may be about to get its row.
    """
    older_than = timedelta(seconds=desk.archive_options.grace_seconds) if grace is None else grace
    at = desk.clock()
    with desk.database.transaction() as tx:
        forget(tx, desk.ledger.let_go(tx, at))
    with desk.database.transaction() as tx:
        expired = [f"archives/{archive_id}.zip" for archive_id in desk.ledger.expire(tx, at)]
        archives = {f"archives/{archive_id}.zip" for archive_id in desk.ledger.kept_archives(tx)}
        begun = {*staged_jobs(tx), *hidden_jobs(tx)}
        desk.checkpoint("sweep.looked")
        # Read after all that they may need: a job that has begun in between is among them.
        pending = desk.ledger.pending(tx)
        # An execution that has begun reads its plan's package, however old that is by now.
        executed = [desk.ledger.read(tx, job_id).request.get("plan") or job_id for job_id in pending]
        needed = [*pending, *executed, *desk.ledger.kept(tx, JobType.PLAN)]
    # What a job put aside that was given up; one that ends by itself cleans up after itself.
    for job_id in begun - set(pending):
        discard_in_steps(desk, job_id)
        clear(desk, job_id, desk.database.transaction)
    uploads = {name for job_id in needed for name in upload_paths(job_id)}
    for name in expired:
        desk.archives.remove(name)
    return [
        *expired,
        *desk.archives.sweep("archives", archives, older_than=older_than, at=at),
        *desk.archives.sweep("uploads", uploads, older_than=older_than, at=at),
    ]
