"""Contract 6.1, for products: what they are made of travels with them, what their devices sign in with does not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.workplace import Workplace, lines_of, manifest_of

from romaport.packages import PackageSource, PackageWriter, encode_entry

NUMBER: dict[str, Any] = {"data_type": "number", "required": 1, "min": "0", "max": "9", "step": "1", "method": "RW"}
STATE: dict[str, Any] = {"data_type": "boolean", "required": 0, "enum_dict": {"0": "closed", "1": "open"}}
COUNTS = {
    "app": 1,
    "command": 1,
    "product": 1,
    "product_topic": 2,
    "property": 1,
    "request_property": 1,
    "response_property": 1,
    "service": 1,
}


def ask(work: Workplace, method: str, path: str, body: Any = None) -> Any:
    answer = work.http.request(method, f"link/instances/{work.instance_id}/{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def add_product(work: Workplace, app_id: str, name: str = "meter") -> int:
    """Add a product with everything it can be made of; answer its id."""
    body: dict[str, Any] = {
        "app_id": app_id,
        "name": name,
        "manufacturer_id": "lake",
        "manufacturer_name": "Lake Ltd.",
        "model": "M 1",
    }
    types = {"product_type": 1, "protocol_type": 4, "data_format": 1, "version": "2", "description": "In the cellar"}
    product: int = ask(work, "POST", "products", {**body, **types})["id"]
    for version in ("v1", "v2"):
        ask(work, "POST", f"products/{product}/topics", {"permission": 0, "name": "alarms", "version": version})
    body = {"product_id": product, "service_name": "flow", "status": 1}
    service = f"services/{ask(work, 'POST', 'services', body)['service_id']}"
    ask(work, "POST", f"{service}/properties", {"property_name": "rate", **NUMBER})
    command = f"{service}/commands/{ask(work, 'POST', f'{service}/commands', {'name': 'open'})['command_id']}"
    ask(work, "POST", f"{command}/requests", {"property_name": "angle", **NUMBER})
    ask(work, "POST", f"{command}/responses", {"property_name": "state", **STATE})
    return product


def tree(work: Workplace) -> Any:
    """Answer all products with what they are made of, without what is the instance's own."""

    def found(path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = ask(work, "GET", path)["items"]
        return items

    shown = []
    for product in found("products"):
        topics = found(f"products/{product['id']}/topics")
        services = []
        for service in found("services"):
            if service["product_id"] == product["id"]:
                place = f"services/{service['service_id']}"
                commands = [
                    [
                        command,
                        *(
                            found(f"{place}/commands/{command['command_id']}/{end}")
                            for end in ("requests", "responses")
                        ),
                    ]
                    for command in found(f"{place}/commands")
                ]
                services.append([service, found(f"{place}/properties"), commands])
        shown.append([product, topics, services])
    return plain(shown)


def plain(value: Any) -> Any:
    """Leave out ids, times, people and the credentials of devices."""
    own = ("id", "product_serial", "authentication")
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {
            name: plain(inner)
            for name, inner in value.items()
            if name not in own and not name.endswith(("_id", "_user", "_datetime"))
        }
    return value


def products(work: Workplace) -> dict[str, Any]:
    return {product["name"]: product for product in ask(work, "GET", "products")["items"]}


def changed(package: bytes, kind: str, body: dict[str, Any], path: Path) -> bytes:
    """Answer a package with these fields in every body of a kind, its digests as true as before."""
    counts = manifest_of(package)["counts"]
    source = PackageSource(project_id="p", instance_id="i", instance_name="n")
    with PackageWriter(path, source=source, counts=counts) as writer:
        for name in counts:
            writer.add(name, [_line(line, body if name == kind else {}) for line in lines_of(package, name)])
        writer.finish(as_of=datetime(2026, 1, 1, tzinfo=UTC))
    return path.read_bytes()


def _line(line: dict[str, Any], body: dict[str, Any]) -> bytes:
    text = json.dumps({**line["body"], **body})
    return encode_entry(line["key"], text, line.get("references"), line.get("unique"), line.get("holes", ()))


def test_6_1_a_product_travels_with_everything_below_it(work: Workplace, elsewhere: Workplace) -> None:
    app = work.add_app("water")["id"]
    product = add_product(work, app)
    package = work.exported(app)
    assert manifest_of(package)["counts"] == COUNTS
    (asked,) = lines_of(package, "request_property")
    assert asked["key"] == ["meter", "flow", "open", "angle"]
    assert asked["references"] == {"command_id": ["meter", "flow", "open"]}
    assert elsewhere.imported(package)["status"] == "Success"
    assert tree(elsewhere) == tree(work)
    (arrived,) = products(elsewhere).values()
    assert type(arrived["id"]) is int
    assert arrived["id"] > product
    # Everything that arrived can be worked with.
    path = f"products/{arrived['id']}"
    update = {"name": "gauge", "manufacturer_id": "m2", "manufacturer_name": "M2", "model": "M2", "device_type": "D"}
    ask(elsewhere, "PUT", path, update)
    ask(elsewhere, "DELETE", path)
    assert tree(elsewhere) == []


def test_6_1_what_devices_sign_in_with_is_new_at_every_target(work: Workplace, elsewhere: Workplace) -> None:
    app = work.add_app("water")["id"]
    path = f"products/{add_product(work, app)}/authentication"
    source = ask(work, "PUT", path, {"user_name": "cellar-meter", "password": "Quiet-harbour-41"})
    package = work.exported(app)
    (line,) = lines_of(package, "product")
    assert "cellar-meter" not in json.dumps(line)
    assert line["holes"] == ["password"]
    assert elsewhere.imported(package)["status"] == "Success"
    (arrived,) = products(elsewhere).values()
    target = ask(elsewhere, "GET", f"products/{arrived['id']}/authentication")
    assert target["user_name"] == arrived["product_serial"] != products(work)["meter"]["product_serial"]
    assert target["password"] not in (source["password"], None)
    # Once there, they stay, whatever is imported on top.
    assert elsewhere.imported(package, type="Merge")["status"] == "Success"
    assert ask(elsewhere, "GET", f"products/{arrived['id']}/authentication") == target
    assert ask(work, "GET", path) == source


def test_6_2_a_second_import_collides_or_merges(work: Workplace, elsewhere: Workplace) -> None:
    app = work.add_app("water")["id"]
    add_product(work, app)
    package = work.exported(app)
    assert elsewhere.imported(package)["status"] == "Success"
    found = elsewhere.imported(package)
    assert (found["status"], len(found["reasons"])) == ("Failed", sum(COUNTS.values()))
    assert {reason["resource_type"] for reason in found["reasons"]} == {"application", "product"}
    before = products(elsewhere)
    assert elsewhere.imported(package, type="Merge")["status"] == "Success"
    assert products(elsewhere) == before
    (service,) = ask(elsewhere, "GET", "services")["items"]
    ask(elsewhere, "PUT", f"services/{service['service_id']}", {"service_name": "flow", "status": 0})
    assert tree(elsewhere) != tree(work)
    assert elsewhere.imported(package, type="Merge")["status"] == "Success"
    assert tree(elsewhere) == tree(work)


def test_6_2_a_prefix_is_put_before_products_and_so_before_all_below_them(work: Workplace) -> None:
    app = work.add_app("water")["id"]
    add_product(work, app)
    package = work.exported(app)
    assert work.imported(package, prefix="copy-")["status"] == "Success"
    # A machine's clock may step back between the two, so their order by age says nothing.
    copy, original = sorted(tree(work), key=lambda product: product[0]["name"])
    assert original[0]["name"] == "meter"
    assert copy == [{**original[0], "name": "copy-meter", "app_name": "copy-water"}, *original[1:]]
    again = work.exported(*(found["id"] for found in work.http.get(work.roma("apps")).json()["apps"]))
    assert {tuple(line["key"][:2]) for line in lines_of(again, "command")} == {
        ("meter", "flow"),
        ("copy-meter", "flow"),
    }


def test_6_4_products_are_counted_before_an_import(work: Workplace, elsewhere: Workplace) -> None:
    app = work.add_app("water")["id"]
    add_product(work, app)
    package = work.exported(app)
    line = {"manufacturer_id": "m2", "manufacturer_name": "M2", "model": "M2", "product_type": 0, "protocol_type": 0}
    full = elsewhere.add_app("full")["id"]
    for number in range(500):
        ask(elsewhere, "POST", "products", {**line, "app_id": full, "name": f"p{number}"})
    found = elsewhere.imported(package)
    assert (found["status"], [reason["error_code"] for reason in found["reasons"]]) == ("Failed", ["ROMA.4031001"])


def test_a_deletion_job_takes_products_along(work: Workplace) -> None:
    app, other = work.add_app("water")["id"], work.add_app("heat")["id"]
    add_product(work, app)
    add_product(work, other, "gauge")
    assert work.settled(work.delete({"apps": [{"id": app}]}))["status"] == "Success"
    assert list(products(work)) == ["gauge"]
    assert len(ask(work, "GET", "services")["items"]) == 1


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        ("product", {"password": "Quiet-harbour-41"}, "password"),
        ("product", {"product_type": 2}, "product_type"),
        ("product", {"template_id": 7}, "template_id"),
        ("service", {"status": "on"}, "status"),
        ("property", {"data_type": "float"}, "data_type"),
        ("property", {"min": ""}, "min: is required with data_type number"),
        ("response_property", {"data_type": "string"}, "max_length: is required"),
        ("product_topic", {"version": "-"}, "Expected `str` matching regex"),
    ],
)
def test_6_3_a_package_with_what_no_operation_takes_is_refused(
    work: Workplace, elsewhere: Workplace, tmp_path: Path, kind: str, body: dict[str, Any], problem: str
) -> None:
    app = work.add_app("water")["id"]
    add_product(work, app)
    package = changed(work.exported(app), kind, body, tmp_path / "changed.zip")
    found = elsewhere.imported(package)
    assert found["status"] == "Failed"
    assert any(problem in reason["error_msg"] for reason in found["reasons"]), found["reasons"]
    assert products(elsewhere) == {}
