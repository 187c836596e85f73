"""The one place that reads the environment."""

import os

__all__ = ["ENVIRONMENT"]

ENVIRONMENT = os.environ
"""The variables of this process."""
