"""romaport: an open, self-hosted asset service that speaks the ROMA Connect wire contract."""

__version__ = "0.1.0"
