"""Checks of an account that is deployed to, and of one in which images are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking, open_aws
from delivery.deploy.checks import Network, check_network
from delivery.doctor.checkup import DoctorCheck
from delivery.doctor.judge import judge_profile, judge_public_access, judge_table
from delivery.errors import DeliveryError
from delivery.setup.desired import bakes_in, key_of_bakes
from delivery.setup.direct_calls import SERVICE_ROLE, has_grant, has_service_role, image_key
from delivery.sharing import key_problems
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import Account, DeliverySettings

__all__ = ["account_checks", "dry_run", "profile_of"]

_LOCK_KEYS = ("name",)
_HISTORY_KEYS = ("cluster", "at")


def account_checks(aws: Aws, settings: DeliverySettings, account: Account) -> list[DoctorCheck]:
    """Return the checks of an account and region."""
    checks = [
        DoctorCheck(
            "trust", "the account of tests can be opened", lambda: _test_account(aws, settings, account)
        ),
        DoctorCheck("service-role", "Auto Scaling has its role", lambda: _service_role(aws)),
        DoctorCheck(
            "lock-table", "table of locks", lambda: _table(aws, settings.lock.table, _LOCK_KEYS, "lock")
        ),
        DoctorCheck("history-table", "table of records", lambda: _history(aws, settings)),
        DoctorCheck("key-grant", "Auto Scaling may use the key of images", lambda: _grant(aws, settings)),
    ]
    if bakes_in(settings, account):
        checks += _bake_checks(aws, settings)
    return checks


def _bake_checks(aws: Aws, settings: DeliverySettings) -> list[DoctorCheck]:
    bake = settings.bake
    return [
        DoctorCheck("base", "base image", lambda: _base(aws, settings)),
        DoctorCheck("bake-network", "subnets of bakes", lambda: _bake_network(aws, settings)),
        DoctorCheck("bucket", "bucket of packages", lambda: _bucket(aws, bake.bucket)),
        DoctorCheck(
            "baker-role", "profile of instances that bake", lambda: _baker(aws, bake.instance_profile)
        ),
        DoctorCheck("image-key", "key of images", lambda: _key(aws, settings)),
        DoctorCheck("bake-trial", "an instance that bakes may be launched", lambda: _trial(aws, settings)),
    ]


def _test_account(aws: Aws, settings: DeliverySettings, account: Account) -> Iterator[Problem]:
    """A deploy to production reads in the account of tests, and shares from there."""
    name = settings.tested_in(account)
    if name is None or name == account.name:
        return
    try:
        open_aws(settings, name, aws.region)
    except DeliveryError as error:
        yield Problem(f"account {name}, in which images are tested: {error}", hint=error.problems[0].hint)


def _service_role(aws: Aws) -> Iterator[Problem]:
    if not has_service_role(aws):
        yield Problem(
            f"there is no role {SERVICE_ROLE}: Auto Scaling cannot launch instances",
            hint=f"delivery setup account --account {aws.account}, or aws iam create-service-linked-role "
            "--aws-service-name autoscaling.amazonaws.com",
        )


def _history(aws: Aws, settings: DeliverySettings) -> Iterable[Problem]:
    table = "none" if settings.history.file else settings.history.table
    return _table(aws, table, _HISTORY_KEYS, "history")


def _table(aws: Aws, name: str, keys: tuple[str, ...], setting: str) -> Iterator[Problem]:
    if name == "none":
        return
    try:
        with asking(f"looking at table {name}"):
            table: Any = aws.dynamodb.describe_table(TableName=name)["Table"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        yield Problem(
            f"there is no table {name}: the first deploy makes it, if it may",
            hint=f'delivery setup account --account {aws.account}, or [{setting}] table = "none"',
            severity="warning",
        )
        return
    yield from judge_table(table, keys)


def _grant(aws: Aws, settings: DeliverySettings) -> Iterator[Problem]:
    """Without the grant, instances of encrypted images end at once, without a message."""
    key = image_key(aws, settings)
    if key and not has_grant(aws, key):
        yield Problem(
            f"{SERVICE_ROLE} of account {aws.account} may not use key {key}: instances would end at once",
            hint=f"delivery setup account --account {aws.account} makes the grant",
        )


def _base(aws: Aws, settings: DeliverySettings) -> Iterator[Problem]:
    from delivery.bake.base import parse, resolve

    text = settings.bake.base
    if text is None:
        yield Problem("[bake] names no base: each bake needs --base", hint="base in [bake]", severity="note")
        return
    base = resolve(aws, parse(text))
    if base.windows:
        yield Problem(f"base {base.id} is Windows", hint="bakes know Linux")


def _bake_network(aws: Aws, settings: DeliverySettings) -> Iterator[Problem]:
    bake = settings.bake
    if not bake.subnets:
        yield from _default_network(aws)
        return
    network = Network(subnets=bake.subnets, security_groups=bake.security_groups, addresses=1)
    yield from check_network(aws, network)


def _default_network(aws: Aws) -> Iterator[Problem]:
    filters: Any = [{"Name": "is-default", "Values": ["true"]}]
    with asking("looking for the default VPC"):
        if not aws.ec2.describe_vpcs(Filters=filters)["Vpcs"]:
            yield Problem(
                f"there is no default VPC in {aws.region}, and [bake] names no subnets",
                hint='subnets = ["subnet-..."] in [bake]',
            )


def _bucket(aws: Aws, name: str | None) -> Iterator[Problem]:
    if not name:
        yield Problem(
            "[bake] names no bucket: packages of this host cannot be handed over",
            hint="bucket in [bake]; packages of a URL need none",
            severity="note",
        )
        return
    try:
        with asking(f"looking at bucket {name}"):
            region = aws.s3.head_bucket(Bucket=name).get("BucketRegion", aws.region)
    except AwsError as error:
        if error.code not in ("404", "NoSuchBucket"):
            raise
        hint = f"delivery setup account --account {aws.account} makes it"
        yield Problem(f"there is no bucket {name}", hint=hint)
        return
    if region != aws.region:
        yield Problem(
            f"bucket {name} is in {region}, and bakes in {aws.region}", hint="a bucket of the region"
        )
    yield from judge_public_access(name, _public_access(aws, name))


def _public_access(aws: Aws, name: str) -> dict[str, Any]:
    try:
        with asking(f"looking at the public access of bucket {name}"):
            answer: Any = aws.s3.get_public_access_block(Bucket=name)
    except AwsError as error:
        if error.code != "NoSuchPublicAccessBlockConfiguration":
            raise
        return {}
    return dict(answer["PublicAccessBlockConfiguration"])


def _baker(aws: Aws, name: str | None) -> Iterator[Problem]:
    if name is None:
        yield Problem(
            "[bake] names no instance_profile: a bake learns its result from the console, minutes later",
            hint='instance_profile = "baker" in [bake], and delivery setup account',
            severity="warning",
        )
        return
    yield from profile_of(aws, name, f"delivery setup account --account {aws.account}")


def profile_of(aws: Aws, name: str, hint: str) -> Iterator[Problem]:
    """Check an instance profile by its name or ARN. AwsError."""
    name = name.rpartition("/")[2]
    try:
        with asking(f"looking at instance profile {name}"):
            profile: Any = aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        yield Problem(f"there is no instance profile {name}", hint=hint)
        return
    yield from judge_profile(profile)


def _key(aws: Aws, settings: DeliverySettings) -> Iterator[Problem]:
    """The key of images exists, is usable, and admits the accounts that launch them."""
    key = settings.bake.kms_key
    others = sorted(
        {each.id for each in settings.accounts.values() if each.id and each.name != aws.account}
        - {aws.account_id}
    )
    if key is None:
        if others:
            yield Problem(
                f"[bake] names no key, and AWS' own cannot be shared with {', '.join(others)}",
                hint='kms_key = "alias/images" in [bake], and delivery setup account',
                severity="warning",
            )
        return
    try:
        yield from key_problems(aws, key, others)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        hint = f"delivery setup account --account {aws.account} makes it" if key_of_bakes(settings) else ""
        yield Problem(f"there is no key {key} in {aws.region}", hint=hint or "kms_key in [bake]")


def _trial(aws: Aws, settings: DeliverySettings) -> Iterator[Problem]:
    """A dry run of a launch shows what IAM refuses: the launch, its tags, the profile."""
    from delivery.bake.base import parse, resolve

    bake = settings.bake
    if bake.base is None:
        return
    parameters: dict[str, Any] = {
        "ImageId": resolve(aws, parse(bake.base)).id,
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": [{"Key": "delivery:bake", "Value": "doctor"}]}
            for kind in ("instance", "volume", "network-interface")
        ],
    }
    if bake.instance_type:
        parameters["InstanceType"] = bake.instance_type
    if bake.instance_profile:
        kind = "Arn" if bake.instance_profile.startswith("arn:") else "Name"
        parameters["IamInstanceProfile"] = {kind: bake.instance_profile}
    if bake.subnets:
        parameters["SubnetId"] = bake.subnets[0]
    yield from dry_run(aws, parameters, "bake.json")


def dry_run(aws: Aws, parameters: dict[str, Any], policy: str) -> Iterator[Problem]:
    """Check that a launch would be accepted; nothing is launched. AwsError if AWS does not answer."""
    try:
        with asking("a dry run of a launch"):
            aws.ec2.run_instances(**parameters, DryRun=True)
    except AwsError as error:
        if error.code == "DryRunOperation":
            return
        if error.meaning in (ErrorMeaning.Throttled, ErrorMeaning.Unavailable):
            raise
        yield Problem(error.message, hint=error.hint or f"docs/delivery/{policy} has what it needs")
