"""`python -m romaport` is the `romaport` command."""

from romaport.cli.main import main

main()
