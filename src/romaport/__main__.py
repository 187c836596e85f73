"""`python -m romaport` is the `romaport` command."""

from romaport.cli.main import main

try:
    main()
except SystemExit:
    # Python remembers an interrupt that met a text run as code, such as a dataclass in the making, and ends
    # `python -m` by the signal at last, although it was dealt with. The next text that runs makes it forget.
    exec("")  # noqa: S102 - an empty text
    raise
