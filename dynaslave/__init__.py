"""Build agents on demand: what a DSL file imports to request a pool of them.

    from dynaslave import agent_pool, during

Everything else is the manager's (`dynaslave run`) and lives in modules of its own. Nothing here
imports boto3, HTTP or a clock.
"""

import sys

if (
    sys.argv[:1] == ["-m"]
    and not sys.flags.safe_path
    and {"dynaslave", "-mdynaslave"} & {argument.partition(".")[0] for argument in sys.orig_argv}
):
    del sys.path[0]  # `python -m dynaslave`: no module of the current directory stands in for one of ours

from dynaslave.pools.pool import AgentPool, agent_pool
from dynaslave.pools.schedules import Period, during

__all__ = ["AgentPool", "Period", "agent_pool", "during"]


def __dir__() -> list[str]:
    return __all__
