"""Environments through the vendor's SDK (contract 7.7)."""

from typing import Any

import pytest
from huaweicloudsdkroma.v2 import (
    CreateEnvironmentV2Request,
    DeleteEnvironmentV2Request,
    EnvCreate,
    ListEnvironmentsV2Request,
    ShowDetailsOfApiV2Request,
    UpdateEnvironmentV2Request,
)
from tests.sdk.apic import RELEASE, action, add_api, add_environment, add_group
from tests.sdk.sample import add_app
from tests.sdk.site import Site
from tests.sdk.vendor import Sdk, decoded


def update(instance: str, env_id: str, **fields: Any) -> Any:
    return UpdateEnvironmentV2Request(instance_id=instance, env_id=env_id, body=EnvCreate(**fields))


def test_release_is_there_in_every_instance(sdk: Sdk, instance: str) -> None:
    found = sdk.send(ListEnvironmentsV2Request(instance_id=instance))
    assert (found.total, found.size) == (1, 1)
    (release,) = found.envs
    assert (release.id, release.name) == (RELEASE, "RELEASE")
    assert release.create_time is not None


def test_release_is_neither_made_nor_changed_nor_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    other = add_environment(sdk, instance, "DEV")
    before = site.written()
    changed = (update(instance, RELEASE, name="LIVE"), DeleteEnvironmentV2Request(instance_id=instance, env_id=RELEASE))
    for request in changed:
        assert "built in" in sdk.refused(request, 400, "APIG.3400", "The resource cannot be changed")
    taken = (
        CreateEnvironmentV2Request(instance_id=instance, body=EnvCreate(name="RELEASE")),
        update(instance, other.id, name="RELEASE"),
    )
    for request in taken:
        sdk.refused(request, 400, "APIG.3205", "The environment name already exists")
    assert site.written() == before


def test_an_environment_is_made_changed_and_deleted(sdk: Sdk, instance: str) -> None:
    made = add_environment(sdk, instance, "DEV_1", remark="For trying out")
    assert made.status_code == 201
    assert (len(made.id), made.name, made.remark) == (32, "DEV_1", "For trying out")
    assert decoded(sdk.send(ListEnvironmentsV2Request(instance_id=instance)).envs[1]) == decoded(made)
    changed = sdk.send(update(instance, made.id, name="TEST"))
    assert changed.status_code == 200
    assert (changed.id, changed.name, changed.remark, changed.create_time) == (made.id, "TEST", None, made.create_time)
    request = DeleteEnvironmentV2Request(instance_id=instance, env_id=made.id)
    assert sdk.send(request).status_code == 204
    for gone in (request, update(instance, made.id, name="DEV")):
        assert made.id in sdk.refused(gone, 404, "APIG.3003", "The environment does not exist")
    assert sdk.send(ListEnvironmentsV2Request(instance_id=instance)).total == 1


def test_environments_are_listed_page_by_page_and_by_name(sdk: Sdk, instance: str) -> None:
    made = [add_environment(sdk, instance, f"STAGE_{number}") for number in range(5)]
    first = sdk.send(ListEnvironmentsV2Request(instance_id=instance, limit=3))
    assert (first.total, first.size) == (6, 3)
    assert [found.id for found in first.envs] == [RELEASE, made[0].id, made[1].id]
    rest = sdk.send(ListEnvironmentsV2Request(instance_id=instance, limit=3, offset=3))
    assert [found.id for found in rest.envs] == [found.id for found in made[2:]]
    assert sdk.send(ListEnvironmentsV2Request(instance_id=instance, offset=-1)).size == 6
    named = sdk.send(ListEnvironmentsV2Request(instance_id=instance, name="STAGE"))
    assert [found.id for found in named.envs] == [found.id for found in made]
    assert [found.id for found in sdk.send(ListEnvironmentsV2Request(instance_id=instance, name="LEAS")).envs] == [
        RELEASE
    ]
    assert sdk.send(ListEnvironmentsV2Request(instance_id=instance, name="PROD")).total == 0


def test_names_are_unique_in_an_instance_only(sdk: Sdk, site: Site, instance: str) -> None:
    add_environment(sdk, instance, "DEV")
    before = site.written()
    request = CreateEnvironmentV2Request(instance_id=instance, body=EnvCreate(name="DEV"))
    sdk.refused(request, 400, "APIG.3205", "The environment name already exists")
    assert site.written() == before
    add_environment(sdk, site.instance(), "DEV")


def test_an_instance_has_ten_environments_beside_release(sdk: Sdk, site: Site, instance: str) -> None:
    for number in range(10):
        add_environment(sdk, instance, f"STAGE_{number}")
    before = site.written()
    request = CreateEnvironmentV2Request(instance_id=instance, body=EnvCreate(name="ONE_MORE"))
    sdk.refused(request, 400, "ROMA.4031001", r"Insufficient quota\.")
    assert site.written() == before


def test_an_environment_in_use_is_renamed_but_not_deleted(sdk: Sdk, site: Site, instance: str) -> None:
    app = add_app(sdk, instance, "Orders")
    group = add_group(sdk, instance, "Stock", roma_app_id=app.id)
    environment = add_environment(sdk, instance, "DEV")
    api = add_api(sdk, instance, group.id, "list-stock")
    sdk.send(action(instance, api.id, env_id=environment.id))
    sdk.send(action(instance, api.id))
    before = site.written()
    request = DeleteEnvironmentV2Request(instance_id=instance, env_id=environment.id)
    details = sdk.refused(request, 409, "APIG.3418", "The environment contains published APIs")
    assert "DEV are published 1 APIs" in details
    assert site.written() == before

    sdk.send(update(instance, environment.id, name="TEST"))
    shown = sdk.send(ShowDetailsOfApiV2Request(instance_id=instance, api_id=api.id))
    assert (shown.run_env_name, shown.run_env_id) == ("RELEASE|TEST", f"{RELEASE}|{environment.id}")

    sdk.send(action(instance, api.id, env_id=environment.id, offline=True))
    assert sdk.send(request).status_code == 204


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "name: is required"),
        ({"name": "ab"}, "name: "),
        ({"name": "a" * 65}, "name: "),
        ({"name": "1abc"}, "name: "),
        ({"name": "a-bc"}, "name: "),
        ({"name": "abc", "remark": "r" * 256}, "remark: "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_field_of_an_environment_is_named(
    sdk: Sdk, site: Site, instance: str, fields: dict[str, Any], named: str
) -> None:
    before = site.written()
    request = CreateEnvironmentV2Request(instance_id=instance, body=EnvCreate(**fields))
    assert named in sdk.refused(request, 400, "ROMA.13000", "Invalid parameters: .*")
    assert site.written() == before


def test_someone_else_sees_an_environment_but_does_not_change_it(sdk: Sdk, site: Site, instance: str) -> None:
    environment = add_environment(sdk, instance, "DEV")
    with site.sdk("sync", site.user("ROMA FullAccess")) as guest:
        assert guest.send(ListEnvironmentsV2Request(instance_id=instance)).total == 2
        before = site.written()
        request = update(instance, environment.id, name="TEST")
        guest.refused(request, 403, "ROMA.12001", "You do not have the permissions required to operate .*")
        assert site.written() == before
