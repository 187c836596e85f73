"""What the demo moves: the assets of Tidewell Outfitters, an invented company that sells things for rainy days."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from romaport.client import Client
from romaport.errors import AnswerUnreadable

__all__ = ["COMPANY", "change_sample", "fill_sample"]

COMPANY = "Tidewell Outfitters"
"""Whose assets the sample would be, if there were such a company."""

_HOST = "tidewell.example"
# 2025-01-06, a Monday, at midnight UTC; in milliseconds.
_SCHEDULES_START = 1_736_121_600_000


@dataclass(frozen=True)
class _App:
    name: str
    key: str
    remark: str


@dataclass(frozen=True)
class _Source:
    app: str
    name: str
    type: str
    content: dict[str, Any]
    description: str


@dataclass(frozen=True)
class _Flow:
    """Three tasks from one data source to another: one for each subject."""

    source: str
    target: str
    subjects: tuple[str, str, str]
    schedule: dict[str, Any] | None = None
    """When the tasks run; in real time without one."""


def _database(host: str, database: str, port: int, user: str) -> dict[str, Any]:
    return {
        "mode": "default",
        "host": f"{host}.{_HOST}",
        "port": str(port),
        "database_name": database,
        "user_name": user,
        "password": f"made-up-{database}",
        "encoding": "utf8",
    }


def _api(path: str, user: str) -> dict[str, Any]:
    login = {"auth_method": "BASIC", "user_name": user, "password": f"made-up-{user}"}
    return {"url": f"https://{_HOST}/{path}", "api_method": "POST", "api_auth_detail": login}


def _broker(host: str, port: int) -> dict[str, Any]:
    brokers = ",".join(f"{host}-{number}.{_HOST}:{port}" for number in (1, 2, 3))
    return {"broker": brokers, "ssl_enable": True, "ssl_username": host, "ssl_password": f"made-up-{host}"}


_APPS = (
    _App("Web Shop", "tidewell-shop", "Orders and catalogue of the shop on the web"),
    _App("Warehouse", "tidewell-warehouse", "Stock, picking and carriers"),
    _App("Finance", "tidewell-finance", "Ledger, invoices and bank"),
    _App("Customer Care", "tidewell-care", "Cases, mail and customer profiles"),
    _App("Store Tills", "tidewell-tills", "Sales and staff of the eleven stores"),
)

_SOURCES = (
    _Source("Web Shop", "shop-orders", "POSTGRESQL", _database("shop-db", "orders", 5432, "flow"), "Orders"),
    _Source("Web Shop", "shop-catalogue", "MYSQL", _database("shop-cat", "catalogue", 3306, "flow"), "Articles"),
    _Source("Web Shop", "shop-events", "KAFKA", _broker("shop-events", 9093), "What customers click"),
    _Source("Web Shop", "shop-api", "API", _api("shop/v1", "shop-flow"), "The shop's own API"),
    _Source("Warehouse", "stock", "ORACLE", _database("wms", "stock", 1521, "wms_flow"), "What lies where"),
    _Source("Warehouse", "scans", "RABBITMQ", {**_broker("scans", 5671), "rabbitmq_virtual_host": "/scan"}, "Scanners"),
    _Source("Warehouse", "carriers", "API", _api("carriers/v2", "carrier-flow"), "Labels and tracking"),
    _Source(
        "Warehouse",
        "delivery-notes",
        "FTP",
        {
            "host": f"ftp.{_HOST}",
            "port": "22",
            "user_name": "notes",
            "password": "made-up-notes",
            "ftp_protocol": "SFTP",
            "ftp_connect_mode": "PASSIVE",
        },
        "Delivery notes as files",
    ),
    _Source("Finance", "ledger", "SQLSERVER", _database("ledger", "ledger", 1433, "booking"), "The ledger"),
    _Source(
        "Finance",
        "erp",
        "SAP",
        {
            "host": f"erp.{_HOST}",
            "user_name": "RFCFLOW",
            "password": "made-up-erp",
            "sap_client": "100",
            "sap_sysnr": "00",
        },
        "Suppliers and purchases",
    ),
    _Source(
        "Finance",
        "invoices",
        "OBS",
        {
            "address": f"obs.{_HOST}",
            "bucket_name": "invoices",
            "ak": "MADEUPKEY",
            "sk": "made-up-invoices",
            "https": True,
        },
        "Invoices, kept for ten years",
    ),
    _Source("Finance", "bank", "API", _api("bank/payments", "bank-flow"), "Payments in and out"),
    _Source("Customer Care", "cases", "MYSQL", _database("care", "cases", 3306, "flow"), "Open and closed cases"),
    _Source(
        "Customer Care",
        "profiles",
        "MONGODB",
        {
            **_database("profiles", "profiles", 27017, "flow"),
            "address": f"profiles.{_HOST}:27017",
            "mongodb_auth_source": "admin",
        },
        "Customers",
    ),
    _Source(
        "Customer Care",
        "sessions",
        "REDIS",
        {"address": f"sessions.{_HOST}:6379", "redis_database": "0", "password": "made-up-sessions"},
        "Who is on the line",
    ),
    _Source("Customer Care", "mail", "API", _api("mail/send", "mail-flow"), "Letters to customers"),
    _Source("Store Tills", "sales", "POSTGRESQL", _database("tills", "sales", 5432, "flow"), "Receipts"),
    _Source("Store Tills", "till-queue", "ACTIVEMQ", _broker("tills", 61617), "What tills send when the line is back"),
    _Source("Store Tills", "staff", "LDAP", _database("staff", "staff", 636, "cn=flow"), "Who works where"),
    _Source("Store Tills", "figures", "DWS", _database("figures", "figures", 8000, "flow"), "Figures for the board"),
)

_HOURLY = {"start_datetime": _SCHEDULES_START, "period": "HOUR", "dispatch_interval": 1}
_DAILY = {
    "start_datetime": _SCHEDULES_START,
    "period": "DAY",
    "dispatch_interval": 1,
    "remark": "Before the stores open",
}
_NIGHTLY = {"use_quartz_cron": True, "cron": "0 30 2 * * ?", "remark": "After the last delivery"}
_WEEKLY = {"start_datetime": _SCHEDULES_START, "period": "WEEK", "dispatch_interval": 1}

_FLOWS = (
    _Flow("shop-orders", "stock", ("orders", "order-lines", "cancellations")),
    _Flow("shop-orders", "ledger", ("revenue", "vouchers", "refunds"), _HOURLY),
    _Flow("shop-orders", "cases", ("complaints", "late-orders", "returns")),
    _Flow("shop-catalogue", "sales", ("articles", "prices", "offers"), _DAILY),
    _Flow("shop-catalogue", "stock", ("articles", "dimensions", "bundles"), _NIGHTLY),
    _Flow("shop-events", "profiles", ("visits", "wish-lists", "consents")),
    _Flow("shop-events", "figures", ("visits", "baskets", "searches"), _HOURLY),
    _Flow("stock", "shop-api", ("availability", "delivery-times", "back-orders")),
    _Flow("stock", "erp", ("reorders", "shortages", "stocktaking"), _NIGHTLY),
    _Flow("stock", "carriers", ("parcels", "pallets", "pick-ups")),
    _Flow("scans", "stock", ("arrivals", "moves", "departures")),
    _Flow("carriers", "mail", ("sent", "out-for-delivery", "delivered")),
    _Flow("delivery-notes", "invoices", ("inbound", "outbound", "returns"), _NIGHTLY),
    _Flow("ledger", "figures", ("revenue", "margins", "receivables"), _NIGHTLY),
    _Flow("erp", "ledger", ("purchases", "suppliers", "duties"), _DAILY),
    _Flow("bank", "ledger", ("receipts", "payments", "chargebacks"), _HOURLY),
    _Flow("cases", "profiles", ("ratings", "contacts", "complaints"), _HOURLY),
    _Flow("sales", "ledger", ("receipts", "cash", "vouchers"), _NIGHTLY),
    _Flow("till-queue", "sales", ("receipts", "refunds", "drawer")),
    _Flow("staff", "figures", ("hours", "shifts", "trainings"), _WEEKLY),
)


_APIS = (
    ("list-orders", "GET", "/orders"),
    ("place-order", "POST", "/orders"),
    ("track-parcel", "GET", "/parcels/{number}"),
)
_TOPICS = (("Web Shop", "shop_baskets", "pub"), ("Store Tills", "till_receipts", "all"))
_RELEASE = "DEFAULT_ENVIRONMENT_RELEASE_ID"


def fill_sample(client: Client) -> None:
    """Create the sample in the client's instance, one published operation per asset. Raises what the client does."""
    apps = _fill_tasks(client)
    _fill_apis(client, apps["Web Shop"])
    mqs = ("mqs", "instances", client.instance_id)
    for app, name, policy in _TOPICS:
        client.post(*mqs, "topics", body={"name": name, "app_id": apps[app], "access_policy": policy})
    _fill_product(client, apps["Store Tills"])


def _fill_apis(client: Client, app_id: str) -> None:
    apic = ("apic", "instances", client.instance_id)
    body = {"name": "Shop", "roma_app_id": app_id, "version": "V2"}
    group_id = _created(client, (*apic, "api-groups"), body, "id")
    for name, method, uri in _APIS:
        params = [{"name": "number", "type": "STRING", "location": "PATH"}] if "{number}" in uri else []
        backend = {"url_domain": f"shop.{_HOST}", "req_protocol": "HTTPS", "req_method": method, "req_uri": uri}
        api: dict[str, Any] = {
            "name": name,
            "group_id": group_id,
            "type": 1,
            "req_protocol": "HTTPS",
            "req_method": method,
            "req_uri": uri,
            "auth_type": "APP",
            "backend_type": "HTTP",
            "backend_api": {**backend, "timeout": 5000},
            "req_params": params,
            "backend_params": [
                {"name": "X-Partner", "location": "HEADER", "origin": "CONSTANT", "value": "made-up-partner"},
                *({"name": "number", "location": "PATH", "origin": "REQUEST", "value": "number"} for _ in params),
            ],
        }
        api_id = _created(client, (*apic, "apis"), api, "id")
        client.post(*apic, "apis", "action", body={"action": "online", "api_id": api_id, "env_id": _RELEASE})


def _fill_product(client: Client, app_id: str) -> None:
    link = ("link", "instances", client.instance_id)
    product: dict[str, Any] = {
        "app_id": app_id,
        "name": "rain_gauge",
        "manufacturer_id": "tidewell",
        "manufacturer_name": COMPANY,
        "model": "RG-2",
        "product_type": 0,
        "protocol_type": 0,
    }
    made = msgspec.convert(client.post(*link, "products", body=product), _Made)
    service = {"product_id": made.id, "service_name": "weather", "status": 0}
    service_id = str(msgspec.convert(client.post(*link, "services", body=service), _Made).service_id)
    measured: dict[str, Any] = {
        "data_type": "number",
        "required": 1,
        "min": "0",
        "max": "500",
        "step": "0.1",
        "unit": "mm",
    }
    body = {"property_name": "rainfall", "method": "R", **measured}
    client.post(*link, "services", service_id, "properties", body=body)
    client.post(*link, "services", service_id, "commands", body={"name": "empty", "description": "Open the drain"})


class _Made(msgspec.Struct):
    """The ids that operations on products answer, which are numbers."""

    id: int = 0
    service_id: int = 0


def _fill_tasks(client: Client) -> dict[str, str]:
    """Create applications, data sources, tasks and schedules; answer the applications' ids by name."""
    fdi = ("fdi", "instances", client.instance_id)
    apps = {
        app.name: _created(
            client,
            ("instances", client.instance_id, "apps"),
            {"name": app.name, "key": app.key, "remark": app.remark},
            "id",
        )
        for app in _APPS
    }
    sources = {
        source.name: _created(client, (*fdi, "datasources"), _source_body(source, apps), "datasource_id")
        for source in _SOURCES
    }
    for flow in _FLOWS:
        for body in _task_bodies(flow, sources):
            task_id = _created(client, (*fdi, "tasks"), body, "task", "task_id")
            if flow.schedule is not None:
                _created(client, (*fdi, "tasks", task_id, "dispatches"), flow.schedule, "dispatch_id")
    return apps


def change_sample(client: Client) -> None:
    """Change the sample a little: a new application, and a data source that has moved. Raises what the client does."""
    body = {"name": "Rental", "key": "tidewell-rental", "remark": "Boats and tents for a weekend"}
    client.post("instances", client.instance_id, "apps", body=body)
    path = ("fdi", "instances", client.instance_id, "datasources")
    listed = client.get(*path, query={"name": "stock"})
    found = msgspec.convert(listed, _Listed).entities[0]
    moved = {**found["content"], "host": f"wms-2.{_HOST}"}
    named = {name: found[name] for name in ("datasource_name", "datasource_type", "app_id", "description")}
    client.put(*path, found["datasource_id"], body={**named, "content": moved})


class _Listed(msgspec.Struct):
    entities: list[dict[str, Any]]


def _created(client: Client, path: tuple[str, ...], body: dict[str, Any], *id_path: str) -> str:
    answer = client.post(*path, body=body)
    for step in id_path:
        answer = answer.get(step) if isinstance(answer, dict) else None
    if not isinstance(answer, str):
        raise AnswerUnreadable(endpoint=client.endpoint, problem=f"{'.'.join(id_path)} is absent")
    return answer


def _source_body(source: _Source, apps: dict[str, str]) -> dict[str, Any]:
    return {
        "datasource_name": source.name,
        "datasource_type": source.type,
        "app_id": apps[source.app],
        "content": source.content,
        "description": source.description,
    }


def _task_bodies(flow: _Flow, sources: dict[str, str]) -> Iterator[dict[str, Any]]:
    source_id, target_id = sources[flow.source], sources[flow.target]
    for subject in flow.subjects:
        # The details hold ids of the instance and a secret header, as real ones do: neither may travel as it is.
        detail = {
            "sourceSelectedDatasource": {
                "datasourceId": source_id,
                "sourceHeaders": [{"key": "X-Auth-Token", "value": f"made-up-{flow.source}"}],
                "sourceMetaData": {"table": subject, "columns": ["id", "changed_at", "content"]},
            },
            "targetSelectedDatasource": {"datasourceId": target_id, "table": f"{subject}_in"},
            "mapping": [{"from": column, "to": column} for column in ("id", "changed_at", "content")],
        }
        task = {
            "task_name": f"{flow.source}.to.{flow.target}.{subject}",
            "task_type": "REALTIME" if flow.schedule is None else "TIMING",
            "source_datasource_id": source_id,
            "target_datasource_id": target_id,
            "description": f"Carries {subject.replace('-', ' ')} from {flow.source} to {flow.target}",
            "task_tag": f"{flow.source}-{flow.target}",
        }
        yield {"task": task, "task_detail": json.dumps(detail)}
