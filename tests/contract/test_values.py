"""Values: secrets that come with a package are put where they belong, all or none, and can be read nowhere."""

import logging
from typing import Any

import pytest
from tests.contract.extras import MERGE, Extras, Values, assets_of, found, held
from tests.contract.handmade import handmade
from tests.contract.workplace import Workplace, refusal
from tests.support.embedded import EmbeddedServer

from romaport.catalog import Actor
from romaport.kinds import KINDS
from romaport.packages import encode_entry

WORD = "Zq-never-to-be-read-7"
SECRET = "Zq-app-secret-7"


@pytest.fixture
def there(elsewhere: Workplace) -> dict[str, str]:
    return elsewhere.add_set("orders")


@pytest.fixture
def package(elsewhere: Workplace, there: dict[str, str]) -> bytes:
    return elsewhere.exported(there["app"])


def values(word: Any = WORD, secret: str = SECRET) -> Values:
    return {
        "app": {"orders": {"secret": secret}},
        "data_source": {"orders-in": {"content.password": word}},
    }


def secrets_of(server: EmbeddedServer, work: Workplace, path: str) -> Any:
    """Answer the secrets of an asset as whoever holds the key can read them."""
    desk = server.system.parts.desk
    kind = KINDS["app" if path.startswith("apps/") else "data_source"]
    actor = Actor(user_id="", user_name="", sees_all=True, at=server.clock())
    with desk.database.snapshot() as tx:
        asset = desk.catalog.show(tx, kind, work.instance_id, path.split("/")[1], actor)
        return desk.catalog.secrets(tx, asset)


def ids(work: Workplace) -> dict[str, str]:
    """Answer the paths of applications and data sources by name."""
    apps = work.http.get(work.roma("apps")).json()["apps"]
    sources = work.http.get(work.fdi("datasources")).json()["entities"]
    return {app["name"]: f"apps/{app['id']}" for app in apps} | {
        source["datasource_name"]: f"datasources/{source['datasource_id']}" for source in sources
    }


# where they go


def test_values_fill_holes_and_replace_what_would_be_made_up(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    report = extras.imported(package, values=values())
    assert report["state"] == "succeeded", report
    assert found(report, "holes") == [("data_source", "orders-out", "ROMAPORT.4101")]
    at = ids(work)
    assert secrets_of(server, work, at["orders"]) == {"secret": SECRET}
    assert secrets_of(server, work, at["orders-in"]) == {"content.password": WORD}
    assert secrets_of(server, work, at["orders-out"]) == {}
    assert work.http.get(work.roma(f"{at['orders']}/secret")).json()["secret"] == SECRET
    shown = work.http.get(work.fdi(at["orders-in"])).json()
    assert shown["content"]["password"] == "********"


def test_values_of_a_merge_reach_what_exists(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    plan = extras.planned(package, MERGE, values=values())
    assert plan["outcome"]["update"] == {"app": 1, "data_source": 1}
    changes = {item["name"]: item["changes"] for item in extras.items(plan["id"], step="update")}
    assert changes == {
        "orders": [{"field": "secret", "before": "********", "after": "********"}],
        "orders-in": [{"field": "content.password", "before": "to be filled in", "after": "********"}],
    }
    job = extras.executed(plan["id"])
    assert job["outcome"]["updated"] == {"app": 1, "data_source": 1}
    assert found(job, "holes") == [("data_source", "orders-out", "ROMAPORT.4101")]
    at = ids(work)
    assert secrets_of(server, work, at["orders"]) == {"secret": SECRET}
    assert secrets_of(server, work, at["orders-in"]) == {"content.password": WORD}


def test_a_merge_with_the_same_values_changes_nothing(extras: Extras, package: bytes) -> None:
    assert extras.imported(package, values=values())["state"] == "succeeded"
    report = extras.planned(package, MERGE, values=values())
    assert set(report["outcome"]) == {"keep"}
    assert set(extras.imported(package, MERGE, values=values())["outcome"]) == {"kept"}
    changed = extras.planned(package, MERGE, values=values("another"))
    assert changed["outcome"]["update"] == {"data_source": 1}
    [item] = extras.items(changed["id"], step="update")
    assert item["changes"] == [{"field": "content.password", "before": "********", "after": "********"}]


def test_values_for_what_a_merge_keeps_are_not_written(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    extras.imported(package)
    before = secrets_of(server, work, ids(work)["orders-in"])
    given = {"data_source": values()["data_source"]}
    assert set(extras.imported(package, {"type": "Merge"}, values=given)["outcome"]) == {"kept"}
    assert secrets_of(server, work, ids(work)["orders-in"]) == before


def test_values_are_named_as_in_the_package_whatever_the_prefix(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes
) -> None:
    report = extras.imported(package, {"prefix": "new-"}, values=values())
    assert report["state"] == "succeeded", report
    assert secrets_of(server, work, ids(work)["new-orders-in"]) == {"content.password": WORD}
    again = extras.planned(
        package, {"prefix": "other-"}, values={"data_source": {"other-orders-in": {"content.password": WORD}}}
    )
    assert found(again) == [("data_source", "other-orders-in", "ROMAPORT.4005")]
    assert "prefix" in again["findings"]["items"][0]["advice"]


@pytest.mark.parametrize("word", [{"user": "u", "word": WORD}, [WORD], 7, True])
def test_a_secret_may_be_any_value_where_the_field_takes_any(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, word: Any
) -> None:
    report = extras.imported(package, values={"data_source": {"orders-in": {"content.password": word}}})
    assert report["state"] == "succeeded", report
    assert secrets_of(server, work, ids(work)["orders-in"]) == {"content.password": word}


# what is refused


def test_everything_that_matches_nothing_is_said(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    before = assets_of(server)
    wrong: Values = {
        "app": {"orders": {"secret": SECRET, "key": "x"}, "order": {"secret": WORD}},
        "data_source": {
            "orders-in": {"content.pasword": WORD, "content.host": "x"},
            "no-such": {"content.password": WORD},
        },
        "schedule": {"orders-run": {"remark": WORD}},
        "task": {"orders-run": {"task_detail": "{}"}},
    }
    expected = [
        ("app", "order", "ROMAPORT.4005"),
        ("app", "orders", "ROMAPORT.4005"),
        ("data_source", "no-such", "ROMAPORT.4005"),
        ("data_source", "orders-in", "ROMAPORT.4005"),
        ("data_source", "orders-in", "ROMAPORT.4005"),
        ("schedule", "orders-run", "ROMAPORT.4005"),
        ("task", "orders-run", "ROMAPORT.4005"),
    ]
    plan = extras.planned(package, values=wrong)
    assert found(plan) == expected
    sentences = " ".join(finding["message"] for finding in plan["findings"]["items"])
    for place in ("key of application orders", "content.pasword of data source orders-in", "schedule orders-run"):
        assert place in sentences
    assert extras.imported(package, values=wrong)["findings"] == plan["findings"]
    assert assets_of(server) == before


@pytest.mark.parametrize("word", [None, "", "********"])
def test_a_value_that_is_none_is_refused(server: EmbeddedServer, extras: Extras, package: bytes, word: Any) -> None:
    before = assets_of(server)
    report = extras.imported(package, values=values(word))
    assert found(report) == [("data_source", "orders-in", "ROMAPORT.4006")]
    assert "content.password" in report["findings"]["items"][0]["message"]
    assert assets_of(server) == before


@pytest.mark.parametrize("secret", [7, "has spaces in it", "x" * 129, ["a"]])
def test_a_value_that_breaks_the_rule_of_its_field_is_refused_without_being_shown(
    server: EmbeddedServer, extras: Extras, package: bytes, secret: Any
) -> None:
    before = assets_of(server)
    report = extras.imported(package, values=values(secret=secret))
    assert found(report) == [("app", "orders", "ROMAPORT.4006")]
    assert "spaces" not in str(report)
    assert assets_of(server) == before


def test_kinds_that_do_not_travel_are_refused_at_once_all_of_them(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    before = server.written()
    wrong: Values = {"apps": {}, "datasource": {"orders-in": {"content.password": WORD}}, **values()}
    for asked in (extras.ask_plan(package, values=wrong), extras.ask_import(package, values=wrong)):
        said = refusal(asked, 400, "ROMA.13000")
        assert "apps is no kind" in said["error_details"]
        assert "datasource is no kind" in said["error_details"]
        assert WORD not in asked.text
    assert server.written() == before


@pytest.mark.parametrize("text", ["{", "[]", '{"app": "x"}', '{"app": {"orders": "x"}}', WORD, "[" * 2_000, "{}}"])
def test_what_is_no_such_object_is_refused_without_being_shown(
    server: EmbeddedServer, extras: Extras, package: bytes, text: str
) -> None:
    before = server.written()
    asked = extras.ask_import(package, values=text)
    said = refusal(asked, 400, "ROMA.13000")
    assert "values: must be JSON like" in said["error_details"]
    assert WORD not in asked.text
    assert server.written() == before


def test_too_many_values_are_refused(server: EmbeddedServer, extras: Extras, package: bytes) -> None:
    before = server.written()
    many = {"app": {"orders": {f"path-{number}": "x" for number in range(10_001)}}}
    said = refusal(extras.ask_import(package, values=many), 400, "ROMA.13000")
    assert "at most 10000, 10001 given" in said["error_details"]
    assert server.written() == before


# where they cannot be read


def test_values_can_be_read_in_no_row_no_file_no_log_no_report_and_no_error(
    server: EmbeddedServer, work: Workplace, extras: Extras, package: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        plan = extras.planned(package, values=values())
        texts = [str(plan), str(extras.items(plan["id"]))]
        job = extras.executed(plan["id"])
        merged = extras.imported(package, MERGE, values=values("Zq-the-second-7"))
        failed = extras.imported(package, values=values())
        wrong = extras.imported(package, MERGE, values={"app": {"orders": {"wrong": WORD}}})
        assert [report["state"] for report in (job, merged, failed, wrong)] == ["succeeded"] * 2 + ["failed"] * 2
        again = extras.planned(package, MERGE, values=values("Zq-the-third-7"))
        texts += [str(extras.items(again["id"])), *map(str, (job, merged, failed, wrong, again))]
        at = ids(work)
        texts.append(work.http.get(work.fdi(at["orders-in"])).text)
        exported = work.exported(at["orders"].removeprefix("apps/"))
    texts += [caplog.text, *(str(record.__dict__) for record in caplog.records)]
    words = (WORD, SECRET, "Zq-the-second-7", "Zq-the-third-7")
    assert [word for word in words if any(word in text for text in texts)] == []
    assert held(server, *words) == []
    assert not any(word.encode() in exported for word in words)


def test_sealed_values_are_gone_with_the_job_that_used_them(
    server: EmbeddedServer, extras: Extras, package: bytes
) -> None:
    plan = extras.planned(package, values=values())
    job = extras.executed(plan["id"])
    desk = server.system.parts.desk
    with desk.database.snapshot() as tx:
        assert desk.ledger.sealed(tx, job["id"]) is None
        assert desk.ledger.sealed(tx, plan["id"]) is not None


def smuggled(body: str) -> bytes:
    return handmade(
        app=[encode_entry(("orders",), "{}")],
        data_source=[encode_entry(("orders-in",), body, {"app_id": ("orders",)})],
    )


def test_a_secret_that_a_package_carries_is_refused_and_written_nowhere(
    server: EmbeddedServer, work: Workplace, extras: Extras
) -> None:
    work.add_set("orders")
    package = smuggled(f'{{"content":{{"host":"h","password":"{WORD}"}},"datasource_type":"MYSQL"}}')
    plan = extras.planned(package, MERGE)
    assert found(plan) == [("data_source", "orders-in", "ROMAPORT.4003")]
    assert [(item["name"], item["step"], item["changes"]) for item in extras.items(plan["id"])] == [
        ("orders", "keep", []),
        ("orders-in", "refuse", []),
    ]
    odd = smuggled(f'{{"content":{{"host":"h","password":"{WORD}"}},"datasource_type":"MYSQL","odd":1}}')
    assert found(extras.imported(odd, MERGE)) == [("data_source", "orders-in", "ROMAPORT.4004")]
    compared = extras.compared(work.instance_id, package)
    [_, differing] = extras.items(compared["id"], step="differs")
    assert [change["field"] for change in differing["changes"]] == ["content.host", "content.port", "content.user_name"]
    assert WORD not in str((plan, compared, extras.items(plan["id"]), extras.items(compared["id"])))
    assert held(server, WORD) == []
