from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from delivery.aws import AwsError
from delivery.health import Gate, HealthVerdict, probes, sources
from delivery.health.sources import Address
from delivery.settings import Deploy
from delivery_world import World, world


@pytest.fixture
def one() -> Iterator[World]:
    with world() as made:
        yield made


def gate(one: World, **settings: Any) -> Gate:
    return Gate.of(one.aws, Deploy(**settings), one.clock)


def test_a_group_in_service_is_healthy_after_enough_looks(one: World) -> None:
    ids = one.group("shop-v001", 2, TargetGroupARNs=[one.target_group("web")])
    seen: list[HealthVerdict] = []
    verdict = gate(one).wait("shop-v001", 2, each=seen.append)
    assert (verdict.state, verdict.healthy, verdict.streak) == ("healthy", 2, 3)
    assert sorted(verdict.look.healthy) == sorted(ids)
    assert [one.streak for one in seen] == [1, 2, 3]
    assert one.clock.slept == [15.0, 15.0]


def test_an_empty_group_is_never_healthy_and_neither_is_one_that_is_gone(one: World) -> None:
    one.group("shop-v001", 0)
    verdict = gate(one, timeout_minutes=1, poll_seconds=30).wait("shop-v001", 1)
    assert (verdict.state, verdict.reasons) == ("failed", ("0 of 1 healthy", "the group has no instances"))
    assert one.clock.slept == [30.0, 30.0]
    look = gate(one).look("shop-v009")
    assert next(look.reasons(1)) == "group: there is no group shop-v009"


def test_what_auto_scaling_calls_unhealthy_is_so(one: World) -> None:
    first, second = one.group("shop-v001", 2)
    one.raw("autoscaling").set_instance_health(InstanceId=first, HealthStatus="Unhealthy")
    look = gate(one).look("shop-v001")
    assert look.healthy == (second,)
    one.raw("autoscaling").enter_standby(
        AutoScalingGroupName="shop-v001", InstanceIds=[second], ShouldDecrementDesiredCapacity=True
    )
    assert f"{second}: group: Standby" in [*gate(one).look("shop-v001").reasons(1)]


def test_instances_a_load_balancer_does_not_know_are_not_healthy(one: World) -> None:
    ids = one.group("shop-v001", 1)
    arn, name = one.target_group("web"), one.balancer("front")
    assert gate(one).look("shop-v001").good(1)  # attached to nothing: nothing is asked
    look = gate(one).look("shop-v001", target_groups=[arn], load_balancers=[name])
    assert [*look.reasons(1)] == ["0 of 1 healthy", f"{ids[0]}: target group web: not registered"]
    assert look.answers[2].instances == {ids[0]: "not registered"}
    assert gate(one).without("target-groups", "elb").look("shop-v001", [arn], [name]).good(1)
    one.raw("elb").register_instances_with_load_balancer(
        LoadBalancerName=name, Instances=[{"InstanceId": ids[0]}]
    )
    assert gate(one).look("shop-v001", load_balancers=[name]).good(1)


def test_a_stopped_instance_is_told_by_ec2_and_by_its_target_group(one: World) -> None:
    arn = one.target_group("web")
    (id,) = one.group("shop-v001", 1, TargetGroupARNs=[arn])
    one.raw("ec2").stop_instances(InstanceIds=[id])
    assert sources.ec2_status(one.aws, [id]).instances == {id: "stopped"}
    answer = sources.target_group(one.aws, arn, [id])
    assert answer is not None
    (said,) = (answer.instances or {}).values()
    assert said.startswith("unused")
    assert sources.ec2_status(one.aws, []).instances == {}


def test_ec2_checks_must_both_be_ok() -> None:
    ok, bad = {"Status": "ok"}, {"Status": "initializing"}
    running = {"Name": "running"}
    assert not sources._status_wrong({"InstanceState": running, "InstanceStatus": ok, "SystemStatus": ok})
    wrong = sources._status_wrong({"InstanceState": running, "InstanceStatus": bad, "SystemStatus": ok})
    assert wrong == "instance status initializing"


def test_alarms_must_be_there_and_not_in_alarm(one: World) -> None:
    alarm: dict[str, Any] = {"MetricName": "5xx", "Namespace": "x", "Period": 60, "Statistic": "Sum"}
    alarm |= {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    one.raw("cloudwatch").put_metric_alarm(AlarmName="errors", **alarm)
    assert not sources.alarms(one.aws, ["errors"]).wrong
    assert sources.alarms(one.aws, ["erors"]).wrong == "there is no alarm 'erors'"
    one.raw("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    assert sources.alarms(one.aws, ["errors"]).wrong == "errors is in alarm"
    one.group("shop-v001", 1)
    verdict = gate(one, alarms=("errors",)).soak("shop-v001", 1, minutes=10)
    assert (verdict.state, verdict.reasons) == ("failed", ("alarms: errors is in alarm",))
    assert one.clock.slept == []


def test_a_soak_looks_until_its_time_is_over(one: World) -> None:
    one.group("shop-v001", 1)
    assert gate(one, poll_seconds=20).soak("shop-v001", 1, minutes=1).state == "healthy"
    assert one.clock.slept == [20.0, 20.0, 20.0]
    assert gate(one).soak("shop-v001", 1, minutes=0).state == "healthy"


def test_each_may_end_a_wait(one: World) -> None:
    one.group("shop-v001", 0)

    def lost(_: HealthVerdict) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gate(one).wait("shop-v001", 1, each=lost)
    assert one.clock.slept == []


def test_throttling_tells_nothing_of_the_group_and_what_is_denied_stays_so(one: World) -> None:
    one.group("shop-v001", 1)
    codes = ["RequestLimitExceeded"]

    def fail(**_: Any) -> None:
        if codes:
            answer: Any = {"Error": {"Code": codes.pop(0), "Message": "no"}}
            raise ClientError(answer, "DescribeAutoScalingGroups")

    one.aws.autoscaling.meta.events.register("before-call.auto-scaling", fail)
    assert gate(one, looks=2).wait("shop-v001", 1).state == "healthy"
    assert len(one.clock.slept) == 2
    codes.append("AccessDenied")
    with pytest.raises(AwsError, match="looking at group shop-v001: AccessDenied"):
        gate(one).look("shop-v001")


def test_the_command_and_the_url_are_asked_about_the_instances(one: World, tmp_path: Path) -> None:
    (id,) = one.group("shop-v001", 1)
    out = tmp_path / "out"
    command = f'echo "$DELIVERY_GROUP $DELIVERY_INSTANCES $DELIVERY_REGION $DELIVERY_ADDRESSES" > {out}'
    look = gate(one, gate_command=command, gate_url="http://127.0.0.1:1/{instance_id}").look("shop-v001")
    words = out.read_text().split()
    assert words[:3] == ["shop-v001", id, "eu-west-1"]
    assert words[3].startswith("10.0.0.")
    assert [*look.reasons(1)] == ["0 of 1 healthy", f"{id}: url: no connection"]


def test_the_last_line_of_a_command_is_the_reason() -> None:
    assert not probes.command("exit 0", {}).wrong
    assert probes.command("echo one; echo two >&2; exit 3", {}).wrong == "exit code 3: two"
    assert probes.command("exit 1", {}).wrong == "exit code 1"
    assert probes.command("if", {}).wrong.startswith("exit code 2")


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    said = probes.command(f"exec 9> {tmp_path}/alive; echo begun >&9; sleep 100000 & wait", {}, timeout=0.5)
    assert said.wrong == "it took longer than 0.5 s"
    os.set_blocking(reader, True)
    with os.fdopen(reader) as alive:
        assert alive.read() == "begun\n"  # ends only once nobody holds the other end


def test_nothing_of_a_command_is_seen_in_the_list_of_processes() -> None:
    said = probes.command("tr '\\0' ' ' < /proc/$$/cmdline | grep -q s3cret && exit 1; : s3cret", {})
    assert not said.wrong


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/i-2" else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_each_instance_is_asked_for_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # must not stand in between
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://{{private_ip}}:{server.server_port}/{{instance_id}}"
        at = [Address("i-1", "127.0.0.1"), Address("i-2", "127.0.0.1"), Address("i-3")]
        said = probes.urls(url, at)
        server.shutdown()
    assert said.instances == {"i-1": "", "i-2": "HTTP 503", "i-3": "it has no private ip"}
