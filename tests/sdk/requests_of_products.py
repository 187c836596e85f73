"""One request of every operation on products and what they are made of, for refusals that hold for all of them."""

from collections.abc import Callable
from typing import Any

from huaweicloudsdkroma.v2 import (
    CreateCommandRequest,
    CreateCommandRequestBody,
    CreateProductRequest,
    CreateProductTopicRequest,
    CreateProductTopicRequestBody,
    CreateServiceRequest,
    CreateServiceRequestBody,
    DeleteCommandRequest,
    DeleteProductRequest,
    DeleteProductTopicRequest,
    DeleteServiceRequest,
    ListCommandsRequest,
    ListProductsRequest,
    ListProductTopicsRequest,
    ListServicesRequest,
    ResetProductAuthenticationRequest,
    ResetProductAuthenticationRequestBody,
    ShowCommandRequest,
    ShowProductAuthenticationRequest,
    ShowProductRequest,
    ShowServiceRequest,
    UpdateCommandRequest,
    UpdateCommandRequestBody,
    UpdateProductRequest,
    UpdateProductTopicRequest,
    UpdateProductTopicRequestBody,
    UpdatePropertyRequestBody,
    UpdateServiceRequest,
    UpdateServiceRequestBody,
)
from tests.sdk.products import PLACES, product_body, product_update, property_body

__all__ = ["READING_PRODUCTS", "WRITING_PRODUCTS", "is_of_products"]

_NOWHERE = 999_999_999
Make = Callable[[str], Any]

_PRODUCT = {"product_id": _NOWHERE}
_TOPIC = {**_PRODUCT, "topic_id": _NOWHERE}
_SERVICE = {"service_id": str(_NOWHERE)}
_COMMAND = {**_SERVICE, "command_id": _NOWHERE}
_TOPIC_BODY = {"permission": 0, "name": "alarms", "version": "v1"}
_SERVICE_BODY = {"service_name": "flow", "status": 0}


def _one(model: Any, **fields: Any) -> Make:
    return lambda instance_id: model(instance_id=instance_id, **fields)


_READ: dict[str, tuple[Make, ...]] = {
    "list": (
        _one(ListProductsRequest),
        _one(ListServicesRequest),
        _one(ListProductTopicsRequest, **_PRODUCT),
        _one(ListCommandsRequest, **_SERVICE),
        *(_one(kind.list, **(_COMMAND if kind.is_of_command else _SERVICE)) for kind in PLACES.values()),
    ),
    "get": (
        _one(ShowProductRequest, **_PRODUCT),
        _one(ShowProductAuthenticationRequest, **_PRODUCT),
        _one(ShowServiceRequest, **_SERVICE),
        _one(ShowCommandRequest, **_COMMAND),
        *(
            _one(kind.show, property_id=_NOWHERE, **(_COMMAND if kind.is_of_command else _SERVICE))
            for kind in PLACES.values()
        ),
    ),
}
_WRITE: dict[str, tuple[Make, ...]] = {
    "create": (_one(CreateProductRequest, body=product_body("nowhere", "meter")),),
    "delete": (_one(DeleteProductRequest, **_PRODUCT),),
    "update": (
        _one(UpdateProductRequest, **_PRODUCT, body=product_update()),
        _one(ResetProductAuthenticationRequest, **_PRODUCT, body=ResetProductAuthenticationRequestBody()),
        _one(CreateProductTopicRequest, **_PRODUCT, body=CreateProductTopicRequestBody(**_TOPIC_BODY)),
        _one(UpdateProductTopicRequest, **_TOPIC, body=UpdateProductTopicRequestBody(**_TOPIC_BODY)),
        _one(DeleteProductTopicRequest, **_TOPIC),
        _one(CreateServiceRequest, body=CreateServiceRequestBody(product_id=_NOWHERE, **_SERVICE_BODY)),
        _one(UpdateServiceRequest, **_SERVICE, body=UpdateServiceRequestBody(**_SERVICE_BODY)),
        _one(DeleteServiceRequest, **_SERVICE),
        _one(CreateCommandRequest, **_SERVICE, body=CreateCommandRequestBody(name="open")),
        _one(UpdateCommandRequest, **_COMMAND, body=UpdateCommandRequestBody(name="open")),
        _one(DeleteCommandRequest, **_COMMAND),
        *(
            make
            for kind in PLACES.values()
            for place in (_COMMAND if kind.is_of_command else _SERVICE,)
            for make in (
                _one(kind.create, **place, body=property_body()),
                _one(kind.update, **place, property_id=_NOWHERE, body=property_body(model=UpdatePropertyRequestBody)),
                _one(kind.delete, **place, property_id=_NOWHERE),
            )
        ),
    ),
}

READING_PRODUCTS = tuple((make, f"roma:products:{verb}") for verb, makes in _READ.items() for make in makes)
"""Every request that only reads, for an instance, and the permission it needs."""

WRITING_PRODUCTS = tuple((make, f"roma:products:{verb}") for verb, makes in _WRITE.items() for make in makes)
"""Every request that changes something, for an instance, and the permission it needs."""

_MODELS = tuple({type(make("")) for make, _ in (*READING_PRODUCTS, *WRITING_PRODUCTS)})


def is_of_products(request: Any) -> bool:
    """Say whether a request is one of these, whose refusals have words of their own (contract 3.3)."""
    return isinstance(request, _MODELS)
