"""What moto and botocore find out anew for each session or call is found out once: import it to have that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import botocore.session
import moto.core.utils

__all__: list[str] = []

AGAIN_AND_AGAIN: dict[str, Callable[..., Any]] = {
    "botocore.session.create_loader": botocore.session.create_loader,  # reads models of services, which are large
    "moto.core.responses.method_names_from_class": moto.core.utils.method_names_from_class,  # for each call
}
for place, function in AGAIN_AND_AGAIN.items():
    patch(place, cache(function)).start()
