"""Job templates that most teams use off the shelf."""

from .build import library, webapp
from .builds import Builds

__all__ = ["Builds", "library", "webapp"]
