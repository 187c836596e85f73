"""Contract 1.3: the words of job status in both published dialects (product decision 2)."""

import httpx
import pytest
from tests.contract.workplace import Workplace
from tests.support.embedded import EmbeddedServer

from romaport.api import ApiOptions
from romaport.settings import Settings
from romaport.wire.dialects import Dialect


@pytest.mark.parametrize(
    ("dialect", "words"),
    [("2022", ["Running", "Success", "Finished", "Failed"]), ("2025", ["RUNNING", "SUCCEEDED", "SUCCEEDED", "FAILED"])],
)
def test_1_3_status_words_of_the_dialect(
    tmp_path_factory: pytest.TempPathFactory, dialect: str, words: list[str]
) -> None:
    data = tmp_path_factory.mktemp("dialect") / "data"
    served = EmbeddedServer(data, Settings(api=ApiOptions(dialect=Dialect(dialect))))
    served.start()
    try:
        admin = served.account("Tenant Administrator")
        work, target = (Workplace(admin.http, served.instance()) for _ in range(2))
        app = work.add_app()["id"]
        with served.gates.held("export.stored") as reached:
            job_id = work.export({"apps": [{"id": app}]}).json()["job_id"]
            assert reached.wait(60)
            seen = [work.progress(job_id).json()["status"]]
        success = work.settled(httpx.Response(200, json={"job_id": job_id}))
        package = work.download(success["archive_id"]).content
        after = work.progress(job_id).json()
        assert "archive_id" not in after
        target.imported(package)
        collided = target.imported(package)
        assert [*seen, success["status"], after["status"], collided["status"]] == words
        assert collided["reason"] == collided["reasons"]
    finally:
        served.close()
