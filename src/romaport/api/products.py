"""What products have beyond create, show, update, delete and list: what their devices sign in with (contract 7.9)."""

from typing import Annotated

from msgspec import Meta, Struct

from romaport.api.call import Call, Operation, Reply, Takes
from romaport.api.resources import viewer_of
from romaport.ids import new_password
from romaport.kinds import KINDS, Asset, Parts
from romaport.storage import Transaction
from romaport.wire.bodies import decode

__all__ = ["OPERATIONS"]

_PRODUCT = KINDS["product"]
_PATH = f"/v2/{{project_id}}/{_PRODUCT.path}/{{product_id}}/authentication"
# An empty text is as good as none.
_USER_NAME = r"^([A-Za-z0-9\-]{10,50}|)\Z"
_SIGNS = r"\-~!@#$%^&*()_=+|[{}\];:<>/?"
_PASSWORD = rf"^((?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])(?=.*[{_SIGNS}])[A-Za-z0-9{_SIGNS}]{{10,80}}|)\Z"


class AuthenticationReset(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the reset; what is not named stays, and if nothing is, the password is made up."""

    user_name: Annotated[str, Meta(pattern=_USER_NAME)] | None = None
    password: Annotated[str, Meta(pattern=_PASSWORD)] | None = None


def show_authentication(call: Call) -> Reply:
    """Answer a product's user name and password, to those who may manage access to its application."""
    desk = call.parts.desk
    with desk.database.snapshot() as tx:
        product = _product(call, tx)
        desk.catalog.permit_all(tx, [product.id], call.actor, "access")
        return _authentication(call, tx, product)


def reset_authentication(call: Call) -> Reply:
    """Give a product another user name, another password, or both."""
    catalog = call.parts.desk.catalog
    asked = decode(AuthenticationReset, call.body or b"{}")
    password = asked.password or ("" if asked.user_name else new_password())
    with call.parts.desk.deciding(call.instance_id) as tx:
        product = _product(call, tx)
        if asked.user_name:
            local = {**product.local, "user_name": asked.user_name}
            parts = Parts(name=product.name, body=product.body, local=local)
            product = catalog.update(tx, _PRODUCT, product, parts, call.actor)
        if password:
            catalog.replace_secret(tx, product, "password", password, call.actor)
        return _authentication(call, tx, product)


def _product(call: Call, tx: Transaction) -> Asset:
    return call.parts.desk.catalog.show(tx, _PRODUCT, call.instance_id, call.path["product_id"], call.actor)


def _authentication(call: Call, tx: Transaction, product: Asset) -> Reply:
    shown = _PRODUCT.present(product, viewer_of(call, tx))["authentication"]
    return Reply(document={**shown, "password": call.parts.desk.catalog.secrets(tx, product).get("password")})


OPERATIONS = (
    Operation(
        name="ShowProductAuthentication",
        summary="Show what a product's devices sign in with.",
        method="GET",
        path=_PATH,
        action="roma:products:get",
        run=show_authentication,
        contract="7.9",
    ),
    Operation(
        name="ResetProductAuthentication",
        summary="Reset what a product's devices sign in with.",
        method="PUT",
        path=_PATH,
        action="roma:products:update",
        run=reset_authentication,
        takes=Takes.JSON,
        request=AuthenticationReset,
        contract="7.9",
    ),
)
