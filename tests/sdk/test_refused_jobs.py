"""One running job per user, instance and type (contract 2), with a job that stands still while it is looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkroma.v2 import CheckAssetJobStatusRequest, DownloadAssetArchiveRequest
from tests.sdk.requests_of import deletion_request
from tests.sdk.sample import add_app, add_sample, assets_of, export_request, exported, import_package, settled
from tests.sdk.site import Site, running
from tests.sdk.vendor import Sdk
from tests.support.held_server import Gates
from tests.support.stores import Store

RUNNING = (400, "ROMA.10012", "An asset management task is running\\.")
TYPES = ("exportAsset", "importAsset", "deleteAsset")


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Gates:
    return Gates(tmp_path_factory.mktemp("gates"))


@pytest.fixture(scope="module")
def site(gates: Gates, tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Site]:
    """A server of its own, whose jobs can be made to wait."""
    with running(tmp_path_factory.mktemp("held") / "data", command=gates.command, store=store) as found:
        yield found


def progress(sdk: Sdk, instance: str, job_id: str) -> Any:
    return sdk.send(CheckAssetJobStatusRequest(instance_id=instance, job_id=job_id))


@pytest.mark.parametrize("type_", TYPES)
def test_a_second_job_of_a_type_is_refused_while_the_first_runs(
    sdk: Sdk, site: Site, gates: Gates, instance: str, tmp_path: Path, type_: str
) -> None:
    app_id, _ = add_sample(sdk, instance)
    other = site.instance()
    other_app = add_app(sdk, other, "Stays")
    path = tmp_path / "package.zip"
    exported(sdk, other, path, apps=[other_app.id])

    def request() -> Any:
        return {
            "exportAsset": lambda: export_request(instance, apps=[app_id]),
            "importAsset": lambda: import_package(path, instance),
            "deleteAsset": lambda: deletion_request(instance, apps=[app_id]),
        }[type_]()

    checkpoint = f"{type_}.started"
    with gates.shut(checkpoint):
        job_id = sdk.send(request()).job_id
        gates.wait_for(checkpoint)
        shown = progress(sdk, instance, job_id)
        assert (shown.type, shown.status, shown.progress_percent) == (type_, "Running", 0.0)
        assert (shown.archive_id, shown.end_time, shown.reasons) == (None, None, None)
        before = site.written()
        for _ in range(2):
            assert sdk.refused(request(), *RUNNING).startswith(f"{type_}: at most 1 at a time")
        assert site.written() == before
    assert settled(sdk, instance, job_id).status == "Success"


def test_jobs_of_other_types_instances_and_users_run_beside_it(
    sdk: Sdk, client: str, site: Site, gates: Gates, instance: str, tmp_path: Path
) -> None:
    app_id, task_id = add_sample(sdk, instance)
    other = site.instance()
    other_app = add_app(sdk, other, "Stays")
    path = tmp_path / "package.zip"
    exported(sdk, other, path, apps=[other_app.id])
    colleague = site.user("Tenant Administrator")
    with gates.shut("exportAsset.started"), site.sdk(client, colleague) as colleague_sdk:
        started = [(sdk, instance, sdk.send(export_request(instance, apps=[app_id])).job_id)]
        gates.wait_for("exportAsset.started")
        for request in (import_package(path, instance), deletion_request(instance, tasks=[task_id])):
            assert settled(sdk, instance, sdk.send(request).job_id).status == "Success"
        started.append((sdk, other, sdk.send(export_request(other, apps=[other_app.id])).job_id))
        request = export_request(instance, apps=[app_id])
        started.append((colleague_sdk, instance, colleague_sdk.send(request).job_id))
        assert [progress(*job).status for job in started] == ["Running"] * 3
    with site.sdk(client, colleague) as colleague_sdk:
        for owner, place, job_id in started[:2]:
            assert settled(owner, place, job_id).status == "Success"
        assert settled(colleague_sdk, instance, started[2][2]).status == "Success"


def test_progress_counts_what_is_done_and_a_package_exists_at_the_end_only(
    sdk: Sdk, gates: Gates, instance: str
) -> None:
    app_id, _ = add_sample(sdk, instance)
    # An application, two data sources, a task, a schedule: the first of five is done.
    with gates.shut("export.wrote.app"):
        job_id = sdk.send(export_request(instance, apps=[app_id])).job_id
        gates.wait_for("export.wrote.app")
        shown = progress(sdk, instance, job_id)
        assert (shown.status, shown.progress_percent, shown.archive_id) == ("Running", 0.2, None)
        download = DownloadAssetArchiveRequest(instance_id=instance, archive_id=job_id)
        sdk.refused(download, 404, "ROMAPORT.2101", f"Archive {job_id} does not exist\\.")
    with gates.shut("export.ended"):
        gates.wait_for("export.ended")
        shown = progress(sdk, instance, job_id)
        assert (shown.status, shown.progress_percent) == ("Success", 1.0)
        assert shown.archive_id
        assert shown.end_time


def test_an_import_shows_nothing_before_all_of_it(
    sdk: Sdk, site: Site, gates: Gates, instance: str, tmp_path: Path
) -> None:
    app_id, _ = add_sample(sdk, instance)
    path, target = tmp_path / "package.zip", site.instance()
    exported(sdk, instance, path, apps=[app_id])
    with gates.shut("import.checked"):
        job_id = sdk.send(import_package(path, target)).job_id
        gates.wait_for("import.checked")
        shown = progress(sdk, target, job_id)
        assert (shown.status, shown.progress_percent) == ("Running", 0.9999)
        assert [len(found) for found in assets_of(sdk, target).values()] == [0, 0, 0]
    assert settled(sdk, target, job_id).status == "Success"
    assert [len(found) for found in assets_of(sdk, target).values()] == [1, 2, 1]
