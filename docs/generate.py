"""The generated pages: the commands' own help, and the elements from their typed classes.

`make docs` writes them; a test fails when they are not what the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))
import element_pages  # in this folder
import overview_picture
import settings_page
import type_stubs

HERE = Path(__file__).parent

CLI = """# Commands

Problems go to stderr, results to stdout. [Exit codes](exit-codes.md); 3: single objects are refused, the
others are done or planned, see [ownership](ownership.md).

As JSON a problem is the same wherever it is told (`lint --json`, `plan --json`, `--write plan.json`):
`severity` (`error`, `warning` or `note`), `rule`, `name` (of the job or view, or empty), `file` and `line`
(null where there is none), `message` and `hint`. The plan itself has `seed`, `summary` (how many of each
`action`, `unchanged`, `refused`), `problems` and `changes`: each with `action`, `kind`, `name`, `reason`,
`where` (`file` and `line`, or null), `from` (of a move), `before` and `after` (digests), `queue`, and `diff`
where it was fetched.

"""
DYNASLAVE = """# Commands of the manager of agents

Problems and events go to stderr, results to stdout. [Exit codes](exit-codes.md); [agents](agents.md).

"""
DELIVERY = """# Commands of bakes and deploys

Problems and progress go to stderr, results to stdout. [Exit codes](exit-codes.md); [delivery](delivery.md).

"""
EXIT_CODES = """# Exit codes

`jobdsl`, `dynaslave` and `delivery` end with the same code for the same outcome. From 64 on, a code means
that the command was called wrongly, or stopped.

| code | meaning | commands |
|---|---|---|
"""
KINDS = """# Items and views

What may be made at the top of a DSL file or in a folder. All take a name first, and `renamed_from=` and
`queue=`. `queue=True` builds a job once after it was created or changed; not when it only moves, nor while
it is disabled. A run that is interrupted leaves the build to the next one; at worst it is queued twice.

"""


def commands() -> str:
    """docs/cli.md."""
    from jobdsl.cli.main import cli

    return CLI + _helps(cli, "jobdsl")


def dynaslave() -> str:
    """docs/cli-dynaslave.md."""
    from dynaslave.cli.main import cli

    return DYNASLAVE + _helps(cli, "dynaslave")


def delivery() -> str:
    """docs/cli-delivery.md."""
    from delivery.cli import cli

    return DELIVERY + _helps(cli, "delivery")


def _helps(group: click.Group, program: str) -> str:
    return "\n".join(_pages(group, program, ""))


def _pages(group: click.Group, program: str, before: str) -> Iterator[str]:
    context = click.Context(group)
    for name in [*group.commands] or group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _pages(command, f"{program} {name}", f"{before}{name} ")
        elif command is not None:
            yield f"## `{before}{name}`\n\n```\n{_help(command, f'{program} {name}')}\n```\n"


def _help(command: click.Command, words: str) -> str:
    context = click.Context(command, info_name=words, max_content_width=100, terminal_width=100)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def exit_codes() -> str:
    """docs/exit-codes.md."""
    from jobdsl.exit_codes import CODES

    return EXIT_CODES + "".join(f"| {one.code} | {one.meaning} | {one.commands} |\n" for one in CODES)


def kinds() -> str:
    """docs/items.md."""
    from jobdsl.dsl import jobs, viewkinds

    made = [getattr(module, name) for module in (jobs, viewkinds) for name in module.__all__]
    return KINDS + "".join(_entry(cls.dsl_name(), cls) for cls in made if cls.java)


def _entry(dsl_name: str, cls: type) -> str:
    about = " ".join((cls.__doc__ or "").split())
    plugin = f" Plugin: `{cls.plugin}`." if cls.plugin else ""  # type: ignore[attr-defined]
    return f"`{dsl_name}({', '.join(element_pages.signature(cls))})`\n: {about}{plugin}\n\n"


PAGES = {
    "cli.md": commands,
    "cli-delivery.md": delivery,
    "cli-dynaslave.md": dynaslave,
    "delivery-toml.md": settings_page.page,
    "exit-codes.md": exit_codes,
    "items.md": kinds,
    "overview.svg": overview_picture.svg,
}
STUBS = "../jobdsl/typed/"


def main() -> int:
    """Write the pages; with --check only say which are out of date."""
    texts = {name: make() for name, make in PAGES.items()}
    texts |= element_pages.pages()
    texts |= {f"{STUBS}{name}": text for name, text in type_stubs.stubs().items()}
    stale = [name for name, text in texts.items() if not _is_current(HERE / name, text)]
    for name in stale:
        path = (HERE / name).resolve().relative_to(HERE.parent)
        if "--check" in sys.argv[1:]:
            print(f"{path} is out of date: run `make docs`")
        else:
            (HERE / name).write_text(texts[name], "utf-8")
            print(f"{path} written")
    return 1 if stale and "--check" in sys.argv[1:] else 0


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
