"""Job templates that most teams use off the shelf."""

from .baking import bake
from .build import library, webapp
from .builds import Builds
from .changing import resize, terminate, traffic
from .cleaning import ami_cleanup, bake_reaper, group_cleanup
from .deploying import canary, deploy
from .following import promote, resume, rollback
from .options import build_options, delivery_options
from .overview import status
from .service import Service, service
from .stages import Stage, Stages

__all__ = [
    "Builds",
    "Service",
    "Stage",
    "Stages",
    "ami_cleanup",
    "bake",
    "bake_reaper",
    "build_options",
    "canary",
    "delivery_options",
    "deploy",
    "group_cleanup",
    "library",
    "promote",
    "resize",
    "resume",
    "rollback",
    "service",
    "status",
    "terminate",
    "traffic",
    "webapp",
]
