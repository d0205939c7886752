"""The result of a bake: as JSON, as properties for Jenkins, and the list of packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery import tags as words
from delivery.bake.context import BakeContext
from delivery.bake.lookup import Described
from jobdsl.printable import json_text, one_line

__all__ = ["BakeResult", "result_of"]


@dataclass(frozen=True, slots=True)
class BakeResult:
    """An image that is ready, in every requested region."""

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
        """Return the JSON that `--result` writes and `--json` prints."""
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
        """Write it as JSON text."""
        return json_text(self.to_json()) + "\n"

    def properties(self) -> str:
        """`KEY=value` lines, as Jenkins' plugins read them: IMAGE, and IMAGE_<region> for each region."""
        lines = {key.upper(): value for key, value in self.to_json().items() if isinstance(value, str)}
        lines |= {f"IMAGE_{region.replace('-', '_')}": id for region, id in self.images.items()}
        return "".join(f"{key}={_property(value)}\n" for key, value in lines.items())


def _property(value: str) -> str:
    """A value that stays one value: tags in AWS may hold line ends, and Java joins lines at a backslash."""
    return one_line(value).replace("\\", "\\\\")


def result_of(
    work: BakeContext, described: Described, by_region: Mapping[str, Described], manifest: str
) -> BakeResult:
    """Return the result of a bake from the tags of its image."""
    tags = words.read(described.get("Tags"))
    return BakeResult(
        image=described["ImageId"],
        image_name=described.get("Name", ""),
        region=work.aws.region,
        bake_id=tags.get(words.BAKE, work.bake),
        bake_key=work.key,
        appversion=tags.get("appversion", ""),
        base=work.base.id,
        images={region: image["ImageId"] for region, image in by_region.items()},
        manifest=manifest,
    )
