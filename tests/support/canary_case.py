"""Settings of canaries that are judged, with a command as the source of their metrics."""

from __future__ import annotations

__all__ = ["GOOD", "MARGINAL", "SLOWER", "analysis"]

GOOD, SLOWER, MARGINAL = "0", "3", "marginal"
_SERIES = (
    "awk -v from=$DELIVERY_START_SECONDS -v to=$DELIVERY_END_SECONDS -v more=$MORE "
    '\'BEGIN { printf \\"[\\"; for (t = from; t < to; t += 60) '
    'printf \\"%s[%d, %f]\\", (t > from ? \\",\\" : \\"\\"), t, 10 + (t / 60 * 7) % 5 / 5 + more; print \\"]\\" }\''
)


def analysis(canary: str = GOOD, more: str = "") -> str:
    """Return `[analysis]`: the canary's latency is higher by so much; `MARGINAL`: one of five metrics is.

    `more` is added to the table itself.
    """
    metrics = "".join(
        f'[analysis.metrics.{name}]\nsource = "command"\ndirection = "increase"\n'
        f'query = "if [ $DELIVERY_SIDE = canary ]; then MORE={extra}; else MORE=0; fi; {_SERIES}"\n'
        for name, extra in _metrics(canary)
    )
    return (
        "[analysis]\nminutes = 20\ninterval_minutes = 10\nwarm_up_minutes = 2\nminimum_points = 5\n"
        f"{more}{metrics}"
    )


def _metrics(canary: str) -> list[tuple[str, str]]:
    if canary != MARGINAL:
        return [("latency", canary)]
    return [("latency", SLOWER), *((f"m{number}", GOOD) for number in range(4))]
