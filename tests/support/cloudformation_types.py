"""Types of resources that moto's CloudFormation does not know, and reports as made: here they are made.

Import it before the first stack of a process: moto lists its types once, by the module
they are of.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel
from moto.elbv2.models import FakeTargetGroup
from moto.kms.models import Key

__all__ = ["Alarm", "BucketPolicy", "Budget"]


class _Resource:
    """A resource that is made by a call of its own service."""

    kind = ""
    name_property = ""

    def __init__(self, id: str) -> None:
        self.physical_resource_id = id

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.name_property

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.kind

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> _Resource:
        properties = cloudformation_json["Properties"]
        return cls(cls.make(properties, region_name))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str,
        region_name: str,
    ) -> _Resource:  # fmt: skip
        return cls(cls.make(cloudformation_json["Properties"], region_name))

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Nothing: no test looks for what a deleted stack leaves of it."""

    @classmethod
    def make(cls, properties: Any, region: str) -> str:
        raise NotImplementedError


class BucketPolicy(_Resource, CloudFormationModel):
    __module__ = "moto.s3.models"
    kind = "AWS::S3::BucketPolicy"

    @classmethod
    def make(cls, properties: Any, region: str) -> str:
        policy = json.dumps(properties["PolicyDocument"])
        boto3.client("s3", region_name=region).put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
        return str(properties["Bucket"])


class Alarm(_Resource, CloudFormationModel):
    __module__ = "moto.cloudwatch.models"
    kind, name_property = "AWS::CloudWatch::Alarm", "AlarmName"

    @classmethod
    def make(cls, properties: Any, region: str) -> str:
        boto3.client("cloudwatch", region_name=region).put_metric_alarm(**properties)
        return str(properties["AlarmName"])


class Budget(_Resource, CloudFormationModel):
    __module__ = "moto.budgets.models"
    kind = "AWS::Budgets::Budget"

    @classmethod
    def make(cls, properties: Any, region: str) -> str:
        limit = properties["Budget"]["BudgetLimit"]
        account = boto3.client("sts", region_name=region).get_caller_identity()["Account"]
        budget = {**properties["Budget"], "BudgetLimit": {**limit, "Amount": str(limit["Amount"])}}
        boto3.client("budgets", region_name=region).create_budget(AccountId=account, Budget=budget)
        return str(budget["BudgetName"])


def _with_policy_as_text(create: Any) -> Any:
    """Keys of moto hold their policy as text, those of its stacks as an object."""

    @classmethod  # type: ignore[misc]
    def create_from_cloudformation_json(cls: Any, *words: Any, **named: Any) -> Any:
        key = create(*words, **named)
        if not isinstance(key.policy, str):
            key.policy = json.dumps(key.policy)
        return key

    return create_from_cloudformation_json


Key.create_from_cloudformation_json = _with_policy_as_text(  # type: ignore[method-assign]
    Key.create_from_cloudformation_json
)


def _target_group_attribute(self: FakeTargetGroup, attribute_name: str) -> str:
    """Give the one attribute of a target group that alarms need."""
    if attribute_name != "TargetGroupFullName":
        raise UnformattedGetAttTemplateException
    return str(self.arn).rpartition(":")[2]


FakeTargetGroup.has_cfn_attr = classmethod(  # type: ignore[assignment, method-assign]
    lambda _, attr: attr == "TargetGroupFullName"
)
FakeTargetGroup.get_cfn_attribute = _target_group_attribute  # type: ignore[attr-defined]
