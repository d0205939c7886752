"""AWS to try things with, and for tests: moto with what it leaves out, as a server on loopback.

`python -m delivery.testing` runs it with an account in which a service can be baked and deployed. Needs the
extra `aws-testing`. What it is not: nothing boots, no traffic flows, and permissions are not checked.
"""

from __future__ import annotations

__all__: list[str] = []
