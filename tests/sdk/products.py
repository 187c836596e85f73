"""Products and what they are made of, made through the vendor's SDK."""

from dataclasses import dataclass
from typing import Any

from huaweicloudsdkroma.v2 import (
    CreateCommandRequest,
    CreateCommandRequestBody,
    CreateProductRequest,
    CreateProductRequestBody,
    CreateProductTopicRequest,
    CreateProductTopicRequestBody,
    CreatePropertyRequest,
    CreatePropertyRequestBody,
    CreateRequestPropertyRequest,
    CreateResponsePropertyRequest,
    CreateServiceRequest,
    CreateServiceRequestBody,
    DeletePropertyRequest,
    DeleteRequestPropertyRequest,
    DeleteResponsePropertyRequest,
    ListPropertiesRequest,
    ListRequestPropertiesRequest,
    ListResponsePropertiesRequest,
    ShowPropertyRequest,
    ShowRequestPropertyRequest,
    ShowResponsePropertyRequest,
    UpdateProductRequestBody,
    UpdatePropertyRequest,
    UpdateRequestPropertyRequest,
    UpdateResponsePropertyRequest,
)
from tests.sdk.vendor import Sdk

__all__ = [
    "INVALID",
    "MISSING",
    "PLACES",
    "PropertyOperations",
    "add_command",
    "add_product",
    "add_service",
    "add_topic",
    "missing",
    "product_body",
    "product_update",
    "property_body",
]

INVALID = "ROMA.00110001"
MISSING = "ROMA.00110006"

_PRODUCT = {
    "manufacturer_id": "lakeside",
    "manufacturer_name": "Lakeside Ltd.",
    "model": "M-1",
    "product_type": 0,
    "protocol_type": 0,
}
_UPDATE = {
    "name": "meter",
    "manufacturer_id": "lakeside",
    "manufacturer_name": "Lakeside Ltd.",
    "model": "M-1",
    "device_type": "Meter",
}
_NUMBER = {"data_type": "number", "min": "-10", "max": "90.5", "step": "0.5"}


def missing(asset_id: object) -> str:
    """Answer the sentence, a regular expression, with which device integration says that something is not there."""
    return f"The resource does not exist\\. Check whether the resource ID {asset_id} is correct\\."


def product_body(app_id: str, name: str, **fields: Any) -> Any:
    """Answer the body that creates a product, with these fields in place of the usual ones."""
    return CreateProductRequestBody(**{**_PRODUCT, "app_id": app_id, "name": name, **fields})


def product_update(**fields: Any) -> Any:
    """Answer the body that updates a product, with these fields in place of the usual ones."""
    return UpdateProductRequestBody(**{**_UPDATE, **fields})


def add_product(sdk: Sdk, instance_id: str, app_id: str, name: str = "meter", **fields: Any) -> Any:
    """Add a product."""
    return sdk.send(CreateProductRequest(instance_id=instance_id, body=product_body(app_id, name, **fields)))


def add_topic(sdk: Sdk, instance_id: str, product_id: int, name: str, version: str = "v1", **fields: Any) -> Any:
    """Add a topic to a product."""
    body = CreateProductTopicRequestBody(**{"permission": 0, "name": name, "version": version, **fields})
    return sdk.send(CreateProductTopicRequest(instance_id=instance_id, product_id=product_id, body=body))


def add_service(sdk: Sdk, instance_id: str, product_id: int, name: str = "flow", **fields: Any) -> Any:
    """Add a service to a product."""
    body = CreateServiceRequestBody(**{"product_id": product_id, "service_name": name, "status": 0, **fields})
    return sdk.send(CreateServiceRequest(instance_id=instance_id, body=body))


def add_command(sdk: Sdk, instance_id: str, service_id: int, name: str = "open", **fields: Any) -> Any:
    """Add a command to a service."""
    body = CreateCommandRequestBody(name=name, **fields)
    return sdk.send(CreateCommandRequest(instance_id=instance_id, service_id=str(service_id), body=body))


def property_body(name: str = "flow-rate", model: Any = CreatePropertyRequestBody, **fields: Any) -> Any:
    """Answer the body that creates a property, or with the other model updates one: a number, unless told otherwise."""
    usual = {} if "data_type" in fields else _NUMBER
    return model(**{"property_name": name, "required": 1, **usual, **fields})


@dataclass(frozen=True)
class PropertyOperations:
    """The SDK's requests for one of the three kinds of property."""

    create: Any
    list: Any
    show: Any
    update: Any
    delete: Any
    word: str
    """How its id and name are called in lists."""
    is_of_command: bool

    def add(self, sdk: Sdk, place: dict[str, Any], name: str, **fields: Any) -> Any:
        """Add a property."""
        return sdk.send(self.create(**place, body=property_body(name, **fields)))


PLACES = {
    "property": PropertyOperations(
        create=CreatePropertyRequest,
        list=ListPropertiesRequest,
        show=ShowPropertyRequest,
        update=UpdatePropertyRequest,
        delete=DeletePropertyRequest,
        word="property",
        is_of_command=False,
    ),
    "request property": PropertyOperations(
        create=CreateRequestPropertyRequest,
        list=ListRequestPropertiesRequest,
        show=ShowRequestPropertyRequest,
        update=UpdateRequestPropertyRequest,
        delete=DeleteRequestPropertyRequest,
        word="request",
        is_of_command=True,
    ),
    "response property": PropertyOperations(
        create=CreateResponsePropertyRequest,
        list=ListResponsePropertiesRequest,
        show=ShowResponsePropertyRequest,
        update=UpdateResponsePropertyRequest,
        delete=DeleteResponsePropertyRequest,
        word="response",
        is_of_command=True,
    ),
}
"""The three kinds of property by the words for them."""
