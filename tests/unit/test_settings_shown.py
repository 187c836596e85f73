"""`romaport settings` shows every value but the secret ones, and an address without its password."""

from romaport.settings import described, read_settings

SECRET = "f0" * 32


def shown(environment: dict[str, str]) -> dict[str, str]:
    return {found.name: found.value for found in described(read_settings(environment), environment)}


def test_secret_values_are_stars_and_others_are_not() -> None:
    found = shown(
        {
            "ROMAPORT_SECRETS_KEY": SECRET,
            "ROMAPORT_ARCHIVES_ACCESS_KEY": "visible",
            "ROMAPORT_ARCHIVES_SECRET_KEY": "hidden",
        }
    )
    assert found["ROMAPORT_SECRETS_KEY"] == "********"
    assert found["ROMAPORT_ARCHIVES_SECRET_KEY"] == "********"
    assert found["ROMAPORT_ARCHIVES_ACCESS_KEY"] == "visible"


def test_no_secret_is_no_stars() -> None:
    assert shown({})["ROMAPORT_ARCHIVES_SECRET_KEY"] == ""


def test_an_address_is_shown_without_its_password() -> None:
    for password in ("hidden", "hid@den", "hid:den", "hid/den"):
        found = shown({"ROMAPORT_DATABASE_URL": f"postgresql://ann:{password}@db.example:5432/roma"})
        assert found["ROMAPORT_DATABASE_URL"] == "postgresql://ann:********@db.example:5432/roma"
    bare = "postgresql://ann@db.example/roma"
    assert shown({"ROMAPORT_DATABASE_URL": bare})["ROMAPORT_DATABASE_URL"] == bare
