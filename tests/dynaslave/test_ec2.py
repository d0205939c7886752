"""What the manager sees and does with instances that are there."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.interruption_events import Notice, parse
from dynaslave.ec2.provider import Ec2Provider
from dynaslave.ec2.tags import at_launch
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import Denied, Hand, LaunchRequest, Throttled, Unavailable
from ec2_strict import REGION, Account, Fault, account, publish
from jobdsl.errors import DslError

SPOT = "EC2 Spot Instance Interruption Warning"
REBALANCE = "EC2 Instance Rebalance Recommendation"
STATE = "EC2 Instance State-change Notification"


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        yield found


def provider(aws: Account, manager: str = "main", **more: Any) -> Ec2Provider:
    more = {"price": {"m5.large": 0.107}.get, "queue": aws.queue, **more}
    return Ec2Provider(manager, aws.clients, clock=aws.clock, sleep=aws.clock.sleep, **more)


def pool(aws: Account, **more: Any) -> AgentPool:
    settings = {
        "name": "linux",
        "max_agents": 10,
        "instance_types": ["m5.large"],
        "image": aws.image,
        "subnets": aws.subnets,
        "instance_profile": aws.profile,
    }
    return make({**settings, **more})


def launched(
    subject: Ec2Provider, aws: Account, count: int = 1, intent: str = "i1", **more: Any
) -> list[Instance]:
    names = tuple(f"n{number}" for number in range(count))
    return [*subject.launch(LaunchRequest(pool(aws, **more), count, intent, names)).instances]


def hand(node: str = "n0", secret: str = "s3cret") -> Hand:
    return Hand(node, secret, "https://jenkins.example.com/", "/var/lib/jenkins-agent")


def only(subject: Ec2Provider) -> Instance:
    (found,) = subject.list()
    return found


# Seen.


def test_an_instance_is_seen_from_its_launch_to_its_end(aws: Account) -> None:
    aws.strict.lag = 5.0
    subject = provider(aws)
    (born,) = launched(subject, aws)
    assert only(subject) == born
    aws.clock.sleep(5)
    assert only(subject).state == "pending"
    aws.clock.sleep(20)
    seen = only(subject)
    assert (seen.state, seen.zone, seen.type, seen.launched) == (
        "running",
        "eu-west-1a",
        "m5.large",
        born.launched,
    )
    subject.terminate([seen])
    assert only(subject).state == "stopping"
    aws.clock.sleep(30)
    assert only(subject).state == "terminated"
    aws.clock.sleep(3600)
    assert not subject.list()


def test_one_that_ended_by_itself_before_it_was_shown_is_forgotten(aws: Account) -> None:
    aws.strict.lag = 1e9
    subject = provider(aws)
    launched(subject, aws)
    aws.clock.sleep(59)
    assert only(subject).state == "pending"
    aws.clock.sleep(2)
    assert not subject.list()


def test_only_instances_of_this_manager_are_seen(aws: Account) -> None:
    launched(provider(aws), aws)
    assert not provider(aws, "other").list()


def test_another_process_sees_the_same(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand())
    subject.note([born], {"uses": "3"})
    aws.clock.sleep(100)
    assert only(provider(aws)) == only(subject)
    assert only(provider(aws)).node == "n0"
    assert only(provider(aws)).notes == {"uses": "3"}


def test_a_look_is_two_requests_however_many_instances(aws: Account) -> None:
    subject = provider(aws)
    launched(subject, aws, 20)
    aws.strict.calls.clear()
    assert len(subject.list()) == 20
    assert aws.strict.operations() == ["DescribeInstances", "ReceiveMessage"]


def test_one_somebody_stopped_looks_like_one_without_an_agent(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    aws.clock.sleep(100)
    aws.strict.raw.stop_instances(InstanceIds=[born.id])
    assert only(subject).state == "running"


def test_why_one_ended_is_told(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    aws.clock.sleep(60)
    assert only(subject).notes == {}
    aws.strict.end(born.id, "Client.VolumeLimitExceeded")
    assert (only(subject).state, only(subject).notes) == ("stopping", {"ended": "Client.VolumeLimitExceeded"})


def test_a_price_is_what_the_launch_said(aws: Account) -> None:
    aws.strict.spot_prices = {"m5.large": "0.0312"}
    subject = provider(aws)
    (born,) = launched(subject, aws, spot=True)
    subject.hand_over(born, hand())
    aws.clock.sleep(100)
    assert only(provider(aws)).price == 0.0312
    assert only(provider(aws)).market == "spot"


# Handed over.


def test_an_instance_is_told_what_it_must_know_where_only_it_can_read_it(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand())
    name = f"/dynaslave/main/{born.id}"
    assert aws.parameters() == {
        name: {
            "node": "n0",
            "secret": "s3cret",
            "url": "https://jenkins.example.com/",
            "workdir": "/var/lib/jenkins-agent",
            "websocket": True,
        }
    }
    found = aws.clients.ssm.get_parameter(Name=name)["Parameter"]
    assert found["Type"] == "SecureString"
    tags = aws.clients.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "dynaslave:instance": f"arn:aws:ec2:{REGION}:123456789012:instance/{born.id}",
        "dynaslave:manager": "main",
        "dynaslave:node": "n0",
    }
    assert only(subject).node == "n0"


def test_a_secret_is_in_no_call_but_the_one_that_stores_it(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand(secret="hush-hush"))
    saying = [call.operation for call in aws.strict.calls if "hush-hush" in repr(call.parameters)]
    assert saying == ["PutParameter"]
    assert "hush-hush" not in repr(hand(secret="hush-hush"))


def test_handing_over_again_changes_nothing_but_what_is_new(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand())
    subject.hand_over(born, hand(secret="renewed"))
    assert [one["secret"] for one in aws.parameters().values()] == ["renewed"]
    tags = aws.clients.ssm.list_tags_for_resource(
        ResourceType="Parameter", ResourceId=f"/dynaslave/main/{born.id}"
    )["TagList"]
    assert "dynaslave:instance" in {tag["Key"] for tag in tags}


def test_a_tag_waits_for_an_instance_that_is_not_known_everywhere(aws: Account) -> None:
    aws.strict.lag = 2.0
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand())
    assert only(subject).node == "n0"


def test_the_wait_is_short(aws: Account) -> None:
    aws.strict.lag = 100.0
    subject = provider(aws)
    (born,) = launched(subject, aws)
    before = aws.clock()
    with pytest.raises(Unavailable, match="too new"):
        subject.hand_over(born, hand())
    assert aws.clock() - before < 5


def test_a_key_of_our_own_encrypts_the_secret(aws: Account) -> None:
    subject = provider(aws, key="alias/agents")
    (born,) = launched(subject, aws)
    subject.hand_over(born, hand())
    (put,) = [call for call in aws.strict.calls if call.operation == "PutParameter"]
    assert put.parameters["KeyId"] == "alias/agents"


# Noted.


def test_a_suspicion_comes_back_with_its_time(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    subject.note([born], {"suspect": "1800000100"})
    assert only(subject).suspect == 1800000100.0
    subject.note([born], {"suspect": ""})
    assert only(subject).suspect == 0.0


def test_what_aws_does_not_show_yet_is_remembered(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    aws.clock.sleep(100)
    aws.strict.lag = 10.0
    subject.note([born], {"uses": "1"})
    assert only(subject).notes == {"uses": "1"}
    assert only(provider(aws)).notes == {}


@pytest.mark.parametrize("key", ["manager", "pool", "intent", "node"])
def test_a_note_cannot_change_whose_an_instance_is(aws: Account, key: str) -> None:
    with pytest.raises(ValueError, match=f"dynaslave:{key}"):
        provider(aws).note([], {key: "x"})


def test_noting_what_is_gone_is_no_error(aws: Account) -> None:
    subject = provider(aws)
    gone, here = launched(subject, aws, 2)
    aws.strict.end(gone.id)
    aws.clock.sleep(4000)
    subject.note([gone, here], {"uses": "1"})
    assert [(one.id, one.notes) for one in subject.list()] == [(here.id, {"uses": "1"})]


# Ended.


def test_ending_many_takes_few_requests_and_forgets_their_secrets(aws: Account) -> None:
    subject = provider(aws)
    born = launched(subject, aws, 12)
    for number, one in enumerate(born):
        subject.hand_over(one, hand(f"n{number}"))
    aws.strict.calls.clear()
    subject.terminate(born)
    assert aws.strict.operations() == ["TerminateInstances", "DeleteParameters", "DeleteParameters"]
    assert not aws.strict.running()
    assert not aws.parameters()


def test_one_that_is_gone_does_not_keep_the_others_alive(aws: Account) -> None:
    subject = provider(aws)
    born = launched(subject, aws, 5)
    subject.hand_over(born[2], hand())
    aws.strict.end(born[2].id)
    aws.clock.sleep(4000)
    subject.terminate(born)
    assert not aws.strict.running()
    assert not aws.parameters()


def test_one_that_is_protected_is_told_and_the_others_end(aws: Account) -> None:
    subject = provider(aws)
    born = launched(subject, aws, 5)
    aws.strict.raw.modify_instance_attribute(InstanceId=born[1].id, DisableApiTermination={"Value": True})
    with pytest.raises(Denied, match="termination protection"):
        subject.terminate(born)
    assert {one.id for one in subject.list() if one.state != "stopping"} == {born[1].id}


def test_throttled_in_between_stops_and_is_told(aws: Account) -> None:
    subject = provider(aws)
    born = launched(subject, aws, 2)
    aws.strict.faults = [Fault("RequestLimitExceeded", operation="TerminateInstances")]
    with pytest.raises(Throttled):
        subject.terminate(born)
    subject.terminate(born)
    assert not aws.strict.running()


def test_ending_nothing_asks_nobody(aws: Account) -> None:
    provider(aws).terminate([])
    assert not aws.strict.calls


# Swept.


def test_a_sweep_forgets_the_secrets_of_nodes_that_are_gone(aws: Account) -> None:
    subject = provider(aws)
    for number, one in enumerate(launched(subject, aws, 12)):
        subject.hand_over(one, hand(f"n{number}"))
    subject.sweep(frozenset({"n3", "other"}), frozenset({"linux"}))
    assert [one["node"] for one in aws.parameters().values()] == ["n3"]


def test_a_sweep_leaves_what_other_managers_keep(aws: Account) -> None:
    other = provider(aws, "main2")
    (born,) = launched(other, aws)
    other.hand_over(born, hand())
    provider(aws).sweep(frozenset(), frozenset())
    assert len(aws.parameters()) == 1
    assert aws.clients.ec2.describe_launch_templates()["LaunchTemplates"]


def test_a_sweep_deletes_launch_templates_of_pools_that_are_gone(aws: Account) -> None:
    subject = provider(aws)
    launched(subject, aws, name="linux")
    launched(subject, aws, name="old", intent="i2")
    subject.sweep(frozenset(), frozenset({"linux"}))
    names = [
        one["LaunchTemplateName"] for one in aws.clients.ec2.describe_launch_templates()["LaunchTemplates"]
    ]
    assert names == ["dynaslave-main-linux"]


def test_a_sweep_that_may_not_look_at_secrets_still_sweeps_templates(aws: Account) -> None:
    subject = provider(aws)
    launched(subject, aws)
    aws.strict.faults = [Fault("AccessDeniedException", operation="DescribeParameters")]
    with pytest.raises(Denied):
        subject.sweep(frozenset(), frozenset())
    assert not aws.clients.ec2.describe_launch_templates()["LaunchTemplates"]


# Announced.


def test_an_interruption_is_seen_at_once_and_survives_a_restart(aws: Account) -> None:
    subject = provider(aws)
    doomed, _ = launched(subject, aws, 2, spot=True)
    aws.notice(SPOT, instance_id=doomed.id, instance_action="terminate")
    seen = {one.id: one.doomed for one in subject.list()}
    assert seen[doomed.id] == "spot interruption (terminate) announced at 2027-01-15T08:00:00Z"
    assert [text for one, text in seen.items() if one != doomed.id] == [""]
    assert aws.waiting() == 0
    assert {one.id: one.doomed for one in provider(aws).list()} == seen


def test_what_is_certain_replaces_what_is_likely_and_not_the_other_way_round(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws, spot=True)
    aws.notice(REBALANCE, instance_id=born.id)
    assert only(subject).doomed.startswith("spot interruption is likely")
    aws.notice(SPOT, instance_id=born.id)
    assert "announced" in only(subject).doomed
    aws.notice(REBALANCE, instance_id=born.id)
    assert "announced" in only(subject).doomed


def test_an_ending_is_believed_before_aws_shows_it(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws)
    aws.notice(STATE, instance_id=born.id, state="shutting-down")
    assert only(subject).state == "stopping"


def test_events_of_others_are_deleted_and_what_is_no_event_stays(
    aws: Account, caplog: pytest.LogCaptureFixture
) -> None:
    subject = provider(aws)
    launched(subject, aws)
    aws.notice(SPOT, instance_id="i-0123456789abcdef0")
    aws.notice(STATE, instance_id="i-0123456789abcdef0", state="running")
    aws.notice("EC2 Fleet Instance Change")
    for odd in ("no json", "[]", '{"detail": 3}', '{"detail": {}, "detail-type": 1}', "[" * 5000):
        aws.say(odd)
    with caplog.at_level(logging.WARNING):
        assert not only(subject).doomed
    assert aws.waiting() == 5
    assert "is no event" in caplog.text


def test_more_notices_than_a_message_holds_are_all_heard(aws: Account) -> None:
    subject = provider(aws)
    for one in launched(subject, aws, 23, spot=True):
        aws.notice(SPOT, instance_id=one.id)
    assert all(one.doomed for one in subject.list())
    assert aws.waiting() == 0


def test_a_notice_that_could_not_be_kept_comes_again(aws: Account) -> None:
    subject = provider(aws)
    (born,) = launched(subject, aws, spot=True)
    aws.notice(SPOT, instance_id=born.id)
    aws.strict.faults = [Fault("RequestLimitExceeded", operation="CreateTags")]
    assert only(subject).id == born.id
    assert aws.waiting() == 1


def test_without_a_queue_a_look_still_shows_instances_and_says_so_once(
    aws: Account, caplog: pytest.LogCaptureFixture
) -> None:
    subject = provider(aws, queue="https://sqs.eu-west-1.amazonaws.com/123456789012/nothing")
    launched(subject, aws)
    with caplog.at_level(logging.WARNING):
        assert len(subject.list()) == len(subject.list()) == 1
    assert caplog.text.count("no notices of spot interruptions") == 1


def test_without_a_queue_nobody_is_asked_for_notices(aws: Account) -> None:
    provider(aws, queue="").list()
    assert aws.strict.operations() == ["DescribeInstances"]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["detail", "detail-type", "time", "instance-id", "instance-action", "state"]) | st.text(), inner)))  # fmt: skip
def test_whatever_stands_in_a_message_is_a_notice_or_a_value_error(body: Any) -> None:
    try:
        found = parse(json.dumps(body))
    except ValueError:
        return
    assert isinstance(found, Notice)
    assert len(found.doomed) < 200


@given(st.text())
def test_any_text_is_a_notice_or_a_value_error(body: str) -> None:
    try:
        parse(body)
    except ValueError:
        return


# Checked beforehand.


def problems(aws: Account, **more: Any) -> list[str]:
    return [str(one) for one in provider(aws).check(pool(aws, **more))]


def test_a_pool_that_can_be_launched_has_no_problems(aws: Account) -> None:
    assert problems(aws, security_groups=[aws.group]) == []
    changing = [one for one in aws.strict.operations() if not one.startswith(("Describe", "Get"))]
    assert not changing


def test_all_problems_of_a_pool_are_told_at_once(aws: Account) -> None:
    other = aws.strict.raw.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    far = aws.strict.raw.create_subnet(VpcId=other, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    found = "\n".join(
        problems(
            aws,
            image={"name": "nothing-*", "owner": "self"},
            instance_types=["m5.large", "zz9.large"],
            subnets=[aws.subnets[0], far, "subnet-0123456789abcdef0"],
            security_groups=["sg-0123456789abcdef0"],
            instance_profile="nobody",
        )
    )
    for words in (
        "no image nothing-* of self",
        "no instance type zz9.large",
        "no subnet subnet-0123456789abcdef0",
        "of several networks",
        "no security group sg-0123456789abcdef0",
        "no instance profile nobody",
    ):
        assert found.count(words) == 1, found


def test_a_pool_without_what_ec2_needs(aws: Account) -> None:
    found = problems(aws, image=None, instance_types=[], instance_profile="")
    assert [one.partition(" (")[0] for one in found] == [
        f"error: pool linux: EC2 needs {name}" for name in ("image", "instance_types", "instance_profile")
    ]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"instance_types": ["m6g.large"]}, "m6g.large cannot run an image for x86_64"),
        ({"root_volume_gb": 1}, "root_volume_gb is 1, and image"),
        ({"instance_types": ["mac1.metal"], "spot": True}, "mac1.metal is not sold on the spot market"),
        ({"instance_types": ["p4de.24xlarge"]}, "p4de.24xlarge is not sold in eu-west-1a, eu-west-1b"),
    ],
)
def test_what_does_not_fit_together_is_told(aws: Account, more: Any, says: str) -> None:
    assert says in "\n".join(problems(aws, **more))


def test_a_group_of_another_network_is_told(aws: Account) -> None:
    other = aws.strict.raw.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = aws.strict.raw.create_security_group(GroupName="x", Description="x", VpcId=other)["GroupId"]
    (found,) = problems(aws, security_groups=[group])
    assert f"security group {group} is of network {other}" in found


def test_a_profile_without_a_role_and_a_queue_that_is_not_there(aws: Account) -> None:
    aws.clients.iam.create_instance_profile(InstanceProfileName="empty")
    subject = provider(aws, queue="https://sqs.eu-west-1.amazonaws.com/123456789012/nothing")
    (found,) = subject.check(pool(aws, instance_profile="empty"))
    assert "instance profile empty has no role" in found.message
    (found,) = subject.check_notices()
    assert "no such queue" in found.message
    assert provider(aws).check_notices() == []


def test_what_may_not_be_looked_at_is_told_and_the_rest_is_looked_at(aws: Account) -> None:
    aws.strict.faults = [Fault("UnauthorizedOperation", operation="DescribeInstanceTypes")]
    found = problems(aws, instance_profile="nobody")
    assert "may not do that" in found[0]
    assert "no instance profile nobody" in found[1]


# The provider itself.


@pytest.mark.parametrize("spot", [True, False])
@pytest.mark.parametrize("types", [["m5.large"], ["m5.large", "c5.large"]])
def test_it_works_over_http_with_moto_as_it_is(
    monkeypatch: pytest.MonkeyPatch, spot: bool, types: list[str]
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    }.items():
        monkeypatch.setenv(name, value)
    manager = f"over-http-{spot}-{len(types)}"  # servers of one process share what they know
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    try:
        subject = Ec2Provider(manager, Clients(region=REGION))
        image = publish(Clients(region=REGION).ec2, "agent")
        settings = {"name": "linux", "max_agents": 4, "image": image, "instance_profile": "agents"}
        here = make({**settings, "instance_types": types, "spot": spot})
        born = subject.launch(LaunchRequest(here, 2, "i1", ("n0", "n1"))).instances
        for number, one in enumerate(born):
            subject.hand_over(one, hand(f"n{number}"))
        seen = {
            one.node: (one.state, one.pool) for one in Ec2Provider(manager, Clients(region=REGION)).list()
        }
        assert seen == {"n0": ("running", "linux"), "n1": ("running", "linux")}
        subject.terminate(born)
        subject.sweep(frozenset(), frozenset())
        assert {one.state for one in subject.list()} == {"terminated"}
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["", "a/b", "-a", "x" * 41, "a b"])
def test_a_manager_has_a_name(name: str) -> None:
    with pytest.raises(Denied, match="no name of a manager"):
        Ec2Provider(name, Clients(region=REGION))


def test_nothing_of_aws_is_imported_before_it_is_asked() -> None:
    code = "import sys, dynaslave.ec2.provider; print([one for one in ('boto3', 'botocore', 'jinja2') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_closing_ends_no_instance(aws: Account) -> None:
    subject = Ec2Provider("main", Clients(region=REGION))
    subject.list()
    subject.close()
    assert subject.list() == []


def test_a_pool_has_no_more_tags_than_an_instance_takes() -> None:
    tags = {f"t{number}": "x" for number in range(35)}
    pool = make({"name": "linux", "max_agents": 1, "team": "t", "tags": tags})
    later = {f"dynaslave:{key}": "" for key in ("node", "price", "doomed", "suspect", "uses")}
    assert len(at_launch("main", pool, "i1") | later) <= 50
    with pytest.raises(DslError, match="36 tags"):
        make({"name": "linux", "max_agents": 1, "tags": {**tags, "one-more": "x"}})
