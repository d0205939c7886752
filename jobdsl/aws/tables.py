"""The table of leases in DynamoDB: its one key, and how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobdsl.errors import JobdslError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["create_table", "ensure_table"]


def create_table(client: DynamoDBClient, table: str) -> None:
    """Create the table of leases, and of a manager's costs of the month; one that exists is no error."""
    try:
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        return


def ensure_table(client: DynamoDBClient, table: str) -> None:
    """Create the table if it does not exist, and wait until it can be used. Raises JobdslError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        try:
            client.describe_table(TableName=table)
        except client.exceptions.ResourceNotFoundException:
            create_table(client, table)
            client.get_waiter("table_exists").wait(TableName=table)
    except (BotoCoreError, ClientError) as error:
        raise JobdslError(
            f"the table {table!r} for the lease cannot be used: {error}",
            hint="it has one key: name, a string; the manager reads and updates its items",
        ) from error
