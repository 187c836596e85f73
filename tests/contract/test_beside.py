"""What two processes decide at the same moment on one database: quotas, numbers, names of the directory, job slots."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.contract.test_product_travels import add_product
from tests.contract.workplace import Workplace
from tests.support.beside import running_beside
from tests.support.embedded import DOMAIN, PASSWORD, EmbeddedServer
from tests.support.stores import Store
from tests.support.waiting import at_once, until

from romaport.auth import Directory
from romaport.errors import NameTaken

pytestmark = pytest.mark.stores("postgresql")

MANY = 16
ENVIRONMENTS_MAX, APPS_MAX = 10, 100
QUOTA = "ROMA.4031001"
CHECKED = "import.checked"
WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
NUMBERED = ("product", "product_topic", "service", "property", "command", "request_property", "response_property")
POLICY = '{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["*"]}]}'

Add = Callable[[Directory], object]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[list[EmbeddedServer]]:
    with running_beside(Path(tmp_path_factory.mktemp("servers")), store, 2) as found:
        yield found


def worker(servers: list[EmbeddedServer], instance_id: str) -> list[Workplace]:
    """A new user in an instance, by each server."""
    account = servers[0].account("Tenant Administrator")
    headers = {"x-auth-token": account.token}
    return [Workplace(server.http(f"/v2/{account.project_id}/", headers), instance_id) for server in servers]


@pytest.fixture
def works(servers: list[EmbeddedServer]) -> list[Workplace]:
    """A user in an empty instance, by each server."""
    return worker(servers, servers[0].instance())


def passed(servers: list[EmbeddedServer]) -> list[str]:
    """Answer every checkpoint that jobs have passed."""
    return [name for server in servers for name in server.gates.passed]


def words(answers: list[httpx.Response]) -> Counter[str]:
    """Count the answers by status, refusals by their code."""
    return Counter(str(found.status_code) if found.is_success else found.json()["error_code"] for found in answers)


def test_two_processes_make_no_more_than_an_instance_may_hold(works: list[Workplace]) -> None:
    path = f"apic/instances/{works[0].instance_id}/envs"
    answers = at_once(MANY, lambda number: works[number % 2].http.post(path, json={"name": f"Stage{number}"}))
    assert words(answers) == {"201": ENVIRONMENTS_MAX, QUOTA: MANY - ENVIRONMENTS_MAX}


def test_two_processes_import_no_more_than_an_instance_may_hold(servers: list[EmbeddedServer]) -> None:
    source = worker(servers, servers[0].instance())[0]
    package = source.exported(*(source.add_app(f"app-{number}")["id"] for number in range(APPS_MAX // 2 + 1)))
    target = servers[0].instance()
    users = [worker(servers, target)[at] for at in range(2)]
    checked = passed(servers).count(CHECKED)
    with servers[0].gates.held(CHECKED), servers[1].gates.held(CHECKED):
        started = [users[at].import_package(package, prefix=f"from-{at}-") for at in range(2)]
        # Whoever runs them: one has checked, and the other waits for it, or has checked as well.
        until(lambda: servers[0].kept.rows(WAITING) or passed(servers).count(CHECKED) == checked + 2)
    jobs = [user.settled(job) for user, job in zip(users, started, strict=True)]
    assert Counter(job["status"] for job in jobs) == {"Success": 1, "Failed": 1}
    (refused,) = [job for job in jobs if job["status"] == "Failed"]
    assert [reason["error_code"] for reason in refused["reasons"]] == [QUOTA]
    assert len(users[0].names()["apps"]) == APPS_MAX // 2 + 1


def test_two_processes_fill_an_instance_to_its_quota_by_an_import_and_one_by_one(
    servers: list[EmbeddedServer],
) -> None:
    source = worker(servers, servers[0].instance())[0]
    package = source.exported(*(source.add_app(f"app-{number}")["id"] for number in range(APPS_MAX - MANY // 2)))
    works = worker(servers, servers[0].instance())
    other = worker(servers, works[0].instance_id)

    def ask(position: int) -> str:
        if position == 0:
            return str(other[0].imported(package)["status"])
        return next(iter(words([works[position % 2].http.post(works[0].roma("apps"), json={"name": f"b{position}"})])))

    importing, *creating = at_once(MANY, ask)
    assert set(creating) <= {"201", QUOTA}
    imported = APPS_MAX - MANY // 2 if importing == "Success" else 0
    assert len(works[1].names()["apps"]) == imported + Counter(creating)["201"] <= APPS_MAX


def test_two_processes_give_no_number_twice(servers: list[EmbeddedServer], works: list[Workplace]) -> None:
    source = worker(servers, servers[0].instance())[0]
    app = source.add_app("things")["id"]
    for number in range(3):
        add_product(source, app, f"carried-{number}")
    package = source.exported(app)
    apps = [work.add_app(f"own-{at}")["id"] for at, work in enumerate(works)]
    importing = worker(servers, works[0].instance_id)[0]

    def ask(position: int) -> object:
        if position == 0:
            return importing.imported(package)["status"]
        return add_product(works[position % 2], apps[position % 2], f"made-{position}")

    status, *numbers = at_once(6, ask)
    assert status == "Success"
    assert len(set(numbers)) == len(numbers)
    kinds = ", ".join(f"'{name}'" for name in NUMBERED)
    statement = f"select id from assets where kind in ({kinds}) order by id"
    given = [int(found) for (found,) in servers[0].kept.rows(statement)]
    # Eight products and the three that travelled, each made of eight parts.
    assert len(given) == len(set(given)) == 11 * 8
    assert servers[0].kept.rows("select last from counters where name = 'ids'") == [(max(given),)]


@pytest.mark.parametrize(
    ("add", "names"),
    [
        (lambda directory: directory.add_domain("twice"), lambda directory: directory.domains()),
        (
            lambda directory: directory.add_project("twice", DOMAIN),
            lambda directory: [found.name for found in directory.projects()],
        ),
        (
            lambda directory: directory.add_instance("dev", "twice"),
            lambda directory: [found.name for found in directory.instances("dev")],
        ),
        (
            lambda directory: directory.add_user("twice", PASSWORD, DOMAIN),
            lambda directory: [found.name for found in directory.users()],
        ),
        (lambda directory: directory.add_policy("twice", POLICY), lambda directory: list(directory.policies())),
    ],
    ids=["domain", "project", "instance", "user", "policy"],
)
def test_two_processes_give_no_name_of_the_directory_twice(
    servers: list[EmbeddedServer], add: Add, names: Callable[[Directory], list[str]]
) -> None:
    def ask(position: int) -> bool:
        try:
            add(servers[position % 2].directory)
        except NameTaken:
            return False
        return True

    assert Counter(at_once(6, ask)) == {True: 1, False: 5}
    assert names(servers[0].directory).count("twice") == 1


def test_two_processes_that_ensure_a_domain_make_one(servers: list[EmbeddedServer]) -> None:
    made = at_once(MANY, lambda position: servers[position % 2].directory.ensure_domain("ensured"))
    assert len(set(made)) == 1


def test_two_processes_change_a_user_one_after_the_other(servers: list[EmbeddedServer]) -> None:
    user = servers[0].account("ROMA FullAccess")

    def ask(position: int) -> None:
        directory = servers[position % 2].directory
        if position < MANY // 2:
            directory.disable_user(user.id)
        else:
            directory.add_key(user.id)

    at_once(MANY, ask)
    assert len(servers[0].directory.keys(user.id)) == MANY // 2
    for server in servers:
        answer = server.http(f"/v2/{user.project_id}/", {"x-auth-token": user.token}).get("instances")
        assert answer.status_code == 401


def test_two_processes_begin_no_more_jobs_than_a_user_may_run(
    servers: list[EmbeddedServer], works: list[Workplace]
) -> None:
    app_id = works[0].add_app()["id"]
    with servers[0].gates.held("export.selected"), servers[1].gates.held("export.selected"):
        answers = at_once(MANY, lambda number: works[number % 2].export({"apps": [{"id": app_id}]}))
        assert words(answers) == {"200": 1, "ROMA.10012": MANY - 1}
    servers[0].drain()
