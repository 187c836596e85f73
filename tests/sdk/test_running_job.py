"""One job of a type at a time for a user in an instance (contract 2, product decision 6), seen through the SDK."""

import json
import sys
import time
from pathlib import Path

from huaweicloudsdkroma.v2 import CheckAssetJobStatusRequest
from tests.house.tree import ROOT
from tests.sdk.sample import add_app, export_request, settled
from tests.sdk.site import running

_SECONDS = 60


def test_a_second_export_is_refused_while_the_first_runs(client: str, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    launcher = str(ROOT / "tests" / "crash" / "launcher.py")
    command = [sys.executable, launcher, str(order), str(tmp_path / "passed.txt")]
    with running(tmp_path / "data", command=command) as site, site.sdk(client) as sdk:
        instance = site.place.source
        app = add_app(sdk, instance, "Slow")
        order.write_text(json.dumps({"name": "export.stored", "pause": 3}))
        first = sdk.send(export_request(instance, apps=[app.id]))
        until = time.monotonic() + _SECONDS
        while not (tmp_path / "paused").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        before = site.written()
        message = "An asset management task is running."
        sdk.refused(export_request(instance, apps=[app.id]), 400, "ROMA.10012", message)
        assert site.written() == before
        asked = CheckAssetJobStatusRequest(instance_id=instance, job_id=first.job_id)
        assert sdk.send(asked).status == "Running"
        assert settled(sdk, instance, first.job_id).status == "Success"
        assert sdk.send(export_request(instance, apps=[app.id])).job_id
