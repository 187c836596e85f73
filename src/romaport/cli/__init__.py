"""The command line: of the server, and for people who move assets."""
