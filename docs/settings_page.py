"""The page about delivery.toml: every key, its default and its meaning, read from its declarations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

SETTINGS = Path(__file__).parent.parent / "delivery" / "settings"
SOURCES = tuple(SETTINGS / f"{name}.py" for name in ("model", "setup", "console", "analysis", "notify"))
HEAD = """# `delivery.toml`

What `delivery` is told by default: accounts, how clusters are deployed, how images are baked. It is looked
for where `--settings` or `DELIVERY_SETTINGS` says, else in the current directory; without it every key has
its default, and the account is that of the environment's credentials. Unknown keys and wrong values are
errors, all told at once with file and line. No secret stands here.

```toml
[accounts.test]
id = "111111111111"
profile = "test"
regions = ["eu-west-1"]

[accounts.production]
id = "222222222222"
role = "arn:aws:iam::222222222222:role/deployer"
regions = ["eu-west-1"]
production = true                      # requires a change request, and an image that ran in test
change_request = "CHG[0-9]{7}"

[defaults]                             # of all deploys
soak_minutes = 10
alarms = ["checkout-errors"]

[accounts.production.defaults]         # of those in production
strategy = "canary"

[apps.shop]                            # of the clusters of one application
gate_url = "http://{private_ip}:8080/healthz"
subnets = ["subnet-0a", "subnet-0b"]

[clusters.shop-eu]                     # of one cluster
soak_minutes = 30

[bake]
base = "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
subnets = ["subnet-0a"]
instance_profile = "baker"

[lock]
table = "delivery-locks"

[history]
table = "delivery-history"
```

What is said of a cluster goes before what is said of its application, that before the account's defaults,
and these before `[defaults]`. Options of the commands go before all of them.

"""
TABLES = {
    "Account": "[accounts.NAME]",
    "AccountSetup": "[accounts.NAME.setup]",
    "Deploy": "[defaults], [accounts.NAME.defaults], [apps.NAME], [clusters.NAME]",
    "App": "[apps.NAME], besides",
    "Bake": "[bake]",
    "LockSettings": "[lock]",
    "HistorySettings": "[history]",
    "ConsoleSettings": "[console]",
    "OidcSettings": "[console.oidc]",
    "ProxySettings": "[console.proxy]",
    "JenkinsSettings": "[console.jenkins]",
    "ConsoleJobs": "[console.jobs], [console.jobs.NAME]",
    "Role": "[console.roles.NAME]",
    "AnalysisSettings": "[analysis]",
    "MetricSettings": "[analysis.metrics.NAME]",
    "InputSettings": "[analysis.metrics.NAME.inputs.INPUT]",
    "NotifySettings": "[notify.NAME]",
}


def page() -> str:
    """docs/delivery-toml.md."""
    classes = {
        node.name: node
        for source in SOURCES
        for node in ast.parse(source.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    return HEAD + "\n".join(_table(title, classes[name]) for name, title in TABLES.items())


def _table(title: str, found: ast.ClassDef) -> str:
    rows = [f"| `{name}` | {default} | {about} |" for name, default, about in _keys(found)]
    return f"## `{title}`\n\n| key | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _keys(found: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Each field of a class with its default and its docstring, which stands behind it."""
    body = [*found.body, ast.Pass()]
    for node, after in pairwise(body):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            continue
        if ast.unparse(node.value).startswith("field(default_factory"):
            continue  # a table of its own
        about = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            about = " ".join(str(after.value.value).split())
        choices = _choices(node.annotation)
        yield (
            node.target.id,
            _default(node.value),
            " ".join(filter(None, [about, choices])).replace("|", "\\|"),
        )


def _default(value: ast.expr) -> str:
    if isinstance(value, ast.Call):  # checked(default, ...), number(default, ...), words(default, ...)
        value = value.args[0]
    plain = ast.literal_eval(value)
    if plain is None or plain == ():
        return ""
    if isinstance(plain, tuple):
        plain = list(plain)
    if isinstance(plain, bool):
        return f"`{str(plain).lower()}`"
    return f"`{plain:g}`" if isinstance(plain, float) else f"`{plain!r}`".replace("'", '"')


def _choices(annotation: ast.expr) -> str:
    if not (isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Literal"):
        return ""
    words = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    return "One of " + ", ".join(f"`{ast.literal_eval(one)}`" for one in words) + "."
