"""Copies of an image for the regions of a rollout: tags, a call that is repeated, and copies that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.ec2.responses.amis import AmisResponse

from delivery import names, tags
from delivery.bake.lookup import image
from delivery.deploy.context import Site
from delivery.errors import DeliveryError
from delivery.lock import FreeLock
from delivery.rollout.images import copied, known_copies
from delivery.settings import loads
from delivery.timeline import Timeline
from deploy_case import TOML, Case, Make, cases

OTHER = "us-east-1"


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


@pytest.fixture(autouse=True)
def image_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto tag the copy of an image in the call that makes it, and answer a repeated token, as EC2 does."""
    original = AmisResponse.copy_image
    by_token: dict[str, Any] = {}

    def copy_image(response: Any) -> Any:
        call_token = response._get_param("ClientToken")
        if call_token in by_token:
            return by_token[call_token]
        result: Any = original(response)
        for specification in response._get_param("TagSpecifications", []):
            if specification["ResourceType"] == "image":
                values = {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
                response.ec2_backend.create_tags([result.result["ImageId"]], values)
        by_token[call_token] = result
        return result

    monkeypatch.setattr(AmisResponse, "copy_image", copy_image)


def site_of(one: Case) -> Site:
    cluster = names.cluster("shop")
    settings = loads(TOML)
    deploy = settings.deploy(one.world.aws.account, "shop", "shop")
    timeline = Timeline(one.world.clock, one.lines.append)
    return Site(
        one.world.aws, one.world.clock, FreeLock(one.world.clock), settings, deploy, timeline, cluster
    )


def image_in(one: Case, region: str, id: str) -> dict[str, Any]:
    images = one.world.aws.in_region(region).ec2.describe_images(ImageIds=[id])["Images"]
    return dict(images[0])


def test_a_copy_has_the_tags_of_the_image_and_names_its_source(make: Make) -> None:
    one = make()
    copies = copied(site_of(one), one.image, ["eu-west-1", OTHER])
    assert copies["eu-west-1"] == one.image
    source = tags.read(image_in(one, "eu-west-1", one.image).get("Tags"))
    copy = tags.read(image_in(one, OTHER, copies[OTHER])["Tags"])
    assert {key: value for key, value in copy.items() if key != tags.COPY_OF} == source
    assert copy[tags.COPY_OF] == f"eu-west-1/{one.image}"


def test_a_second_call_makes_no_second_copy(make: Make) -> None:
    one = make()
    first = copied(site_of(one), one.image, [OTHER])
    assert copied(site_of(one), one.image, [OTHER]) == first
    assert known_copies(one.world.aws, one.image, [OTHER]) == first
    assert any(f"{first[OTHER]} is there already" in line for line in one.lines)


def test_a_copy_learns_where_the_image_was_tested_since(make: Make) -> None:
    one = make()
    copies = copied(site_of(one), one.image, [OTHER])
    tested = tags.tested_in("test", "shop")
    one.world.aws.ec2.create_tags(Resources=[one.image], Tags=[{"Key": tested, "Value": "2026"}])
    copied(site_of(one), one.image, [OTHER])
    assert tags.read(image_in(one, OTHER, copies[OTHER])["Tags"])[tested] == "2026"


@pytest.mark.parametrize(
    ("state", "message"), [("failed", "is failed: no key"), ("pending", "is not available after an hour")]
)
def test_a_copy_that_does_not_become_available_is_reported(
    make: Make, monkeypatch: pytest.MonkeyPatch, state: str, message: str
) -> None:
    one = make()

    def described(aws: Any, id: str) -> Any:
        real = image(aws, id)
        assert real is not None
        return real if aws.region != OTHER else {**real, "State": state, "StateReason": {"Message": "no key"}}

    monkeypatch.setattr("delivery.rollout.images.image", described)
    with pytest.raises(DeliveryError, match=message):
        copied(site_of(one), one.image, [OTHER])


def test_an_image_that_does_not_exist_is_refused(make: Make) -> None:
    with pytest.raises(DeliveryError, match="there is no image ami-00000000000000000"):
        copied(site_of(make()), "ami-00000000000000000", [OTHER])
