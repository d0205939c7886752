"""What a bake gives to those who come after: as JSON, as properties for Jenkins, and the list of packages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery import tags as words
from delivery.bake.context import BakeContext
from delivery.bake.lookup import Described
from jobdsl.printable import one_line

__all__ = ["BakeResult", "result_of"]


@dataclass(frozen=True, slots=True)
class BakeResult:
    """An image that is ready, in every region it was asked for."""

    image: str
    image_name: str
    region: str
    bake_id: str
    bake_key: str
    appversion: str
    base: str
    images: Mapping[str, str]
    """Ids by region."""
    manifest: str = ""
    """Packages it holds, one a line: name, version, architecture. Empty if they are not known."""

    def to_json(self) -> dict[str, Any]:
        """As `--result` writes it, and `--json` says it."""
        return {
            "image": self.image,
            "image_name": self.image_name,
            "region": self.region,
            "bake_id": self.bake_id,
            "bake_key": self.bake_key,
            "appversion": self.appversion,
            "base": self.base,
            "images": dict(self.images),
        }

    def text(self) -> str:
        """As JSON text."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    def properties(self) -> str:
        """`KEY=value` lines, as Jenkins' plugins read them: IMAGE, and IMAGE_<region> for each region."""
        lines = {key.upper(): value for key, value in self.to_json().items() if isinstance(value, str)}
        lines |= {f"IMAGE_{region.replace('-', '_')}": id for region, id in self.images.items()}
        return "".join(f"{key}={_property(value)}\n" for key, value in lines.items())


def _property(value: str) -> str:
    """A value that stays one value: tags in AWS may hold line ends, and Java joins lines at a backslash."""
    return one_line(value).replace("\\", "\\\\")


def result_of(
    work: BakeContext, found: Described, everywhere: Mapping[str, Described], manifest: str
) -> BakeResult:
    """The result of a bake, by what its image says of itself."""
    tags = words.read(found.get("Tags"))
    return BakeResult(
        image=found["ImageId"],
        image_name=found.get("Name", ""),
        region=work.aws.region,
        bake_id=tags.get(words.BAKE, work.bake),
        bake_key=work.key,
        appversion=tags.get("appversion", ""),
        base=work.base.id,
        images={region: one["ImageId"] for region, one in everywhere.items()},
        manifest=manifest,
    )
