"""What botocore and moto find out anew for each session or call is found out faster: import it to have that."""

from __future__ import annotations

from functools import cache
from inspect import isfunction
from typing import NamedTuple
from unittest.mock import patch

import botocore.session

__all__: list[str] = []


class Methods(NamedTuple):
    """The names of a class's methods; moto lists them all at each call, to look for one."""

    of: object

    def __contains__(self, name: object) -> bool:
        return isfunction(getattr(self.of, str(name), None))


# The models of services are large: read once, not once a session.
patch("botocore.session.create_loader", cache(botocore.session.create_loader)).start()
patch("moto.core.responses.method_names_from_class", Methods).start()
