"""A download from one process and its job's end from another, as a client sees them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
from tests.cluster.cluster import Cluster
from tests.contract.workplace import Workplace
from tests.support.embedded import token_body
from tests.support.server_process import Place

ROUNDS = 25


@contextmanager
def working(place: Place, endpoint: str) -> Iterator[Workplace]:
    """Work as the first user in the first instance, by way of one process."""
    body = token_body(place.user, place.project_id, place.password, place.domain)
    token = httpx.post(f"{endpoint}/v3/auth/tokens", json=body).headers["x-subject-token"]
    url = f"{endpoint}/v2/{place.project_id}/"
    with httpx.Client(base_url=url, headers={"x-auth-token": token}) as http:
        yield Workplace(http, place.source)


def test_who_has_the_last_byte_of_a_download_reads_finished_from_every_process(cluster: Cluster) -> None:
    cluster.serve()
    endpoint = cluster.held("serve").announced()["endpoint"]
    cluster.work()
    assert cluster.place is not None
    with ExitStack() as stack:
        here = stack.enter_context(working(cluster.place, cluster.place.endpoint))
        there = stack.enter_context(working(cluster.place, endpoint))
        app_id = here.add_app()["id"]
        seen = []
        for _ in range(ROUNDS):
            job = here.settled(here.export({"apps": [{"id": app_id}]}))
            assert there.progress(job["id"]).json()["status"] == "Success"
            archive = here.roma(f"assets/archives/{job['archive_id']}")
            with here.http.stream("GET", archive) as answer:
                answer.read()
                seen.append(there.progress(job["id"]).json()["status"])
    assert seen == ["Finished"] * ROUNDS
