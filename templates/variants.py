"""What a service may be built with: the steps of each tool, and where it leaves results and artifacts.

The steps are scripts in a directory of the tool's name, filled in with Jinja2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jobdsl import DslError, steps, template
from jobdsl.errors import suggestion

__all__ = ["STEPS", "VARIANTS", "Kind", "Variant", "variant"]

Kind = Literal["library", "webapp"]

STEPS = ("framework", "resolve", "compile", "test", "package", "publish")
"""The standard steps in their order; no tool but Ant has all of them."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to build."""

    name: str
    steps: tuple[str, ...]
    results: str
    """Where test results in JUnit's XML format are."""
    library: str
    """What a library leaves to be archived."""
    webapp: str
    snapshots: bool = True
    """Whether a version may be published again, or each build has one of its own."""

    def artifacts(self, kind: Kind) -> str:
        """Return the pattern of what is archived."""
        return self.library if kind == "library" else self.webapp

    def parts(self, *, repository: str | None, publish: bool, release: bool) -> dict[str, Any]:
        """Return the steps by name; to `publish` takes a repository."""
        names = [name for name in self.steps if name != "publish" or (publish and repository)]
        return {name: steps.shell(self._script(name, repository, release)) for name in names}

    def _script(self, step: str, repository: str | None, release: bool) -> str:
        return template(f"./{self.name}/{step}.sh.j2", repository=repository, release=release)


_COMPILED = ("compile", "test", "package", "publish")
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(
            name="ant",
            steps=STEPS,
            results="build/test-results/*.xml",
            library="dist/*.jar",
            webapp="dist/*.war",
        ),
        Variant(
            name="gradle",
            steps=_COMPILED,
            results="**/build/test-results/**/*.xml",
            library="**/build/libs/*.jar",
            webapp="**/build/libs/*.war, **/build/distributions/*",
        ),
        Variant(
            name="make", steps=_COMPILED, results="reports/**/*.xml", library="dist/**", webapp="dist/**"
        ),
        Variant(
            name="maven",
            steps=_COMPILED,
            results="**/target/surefire-reports/*.xml, **/target/failsafe-reports/*.xml",
            library="**/target/*.jar",
            webapp="**/target/*.war",
        ),
        Variant(
            name="node",
            steps=("resolve", *_COMPILED),
            results="reports/**/*.xml",
            library="packages/*.tgz",
            webapp="packages/*.tgz, dist/**",
            snapshots=False,
        ),
        Variant(
            name="python",
            steps=("resolve", "test", "package", "publish"),
            results="reports/**/*.xml",
            library="dist/*",
            webapp="dist/*",
            snapshots=False,
        ),
    )
}


def variant(build: str) -> Variant:
    """Return the variant of that name. Raises DslError."""
    known_variant = VARIANTS.get(build) if isinstance(build, str) else None
    if known_variant is None:
        near = suggestion(build, VARIANTS) if isinstance(build, str) else ""
        raise DslError(f"build takes one of {', '.join(VARIANTS)}, not {build!r}", hint=near)
    return known_variant
