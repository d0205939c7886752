"""Job templates that most teams use off the shelf."""

from .after_deploy import promote, resume, rollback
from .baking import bake
from .build import library, webapp
from .changing import resize, terminate, traffic
from .cleaning import ami_cleanup, bake_reaper, group_cleanup
from .deploying import canary, deploy
from .options import build_options, delivery_options
from .overview import status
from .service import Service, service
from .service_jobs import Builds
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
