"""What makes an instance an agent. It runs there, sent in the user data: one file, nothing but Python 3.9.

    python3 agent.py SETTINGS.json

It reads from SSM the parameters of this instance, fetches agent.jar from the controller and runs it as an
unprivileged user, again and again. An instance that has no agent for too long shuts itself down.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import pwd
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

IMDS = os.environ.get("DYNASLAVE_IMDS", "http://169.254.169.254")
PAUSE = float(os.environ.get("DYNASLAVE_PAUSE", "2"))
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text: str) -> None:
    """For the journal and the instance's console."""
    print("dynaslave: " + text, flush=True)


def metadata(path: str) -> str:
    """What the instance knows of itself (IMDSv2)."""
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    ask = urllib.request.Request(IMDS + "/latest/api/token", headers=ttl, method="PUT")
    token = DIRECT.open(ask, timeout=5).read().decode()
    header = {"X-aws-ec2-metadata-token": token}
    ask = urllib.request.Request(IMDS + "/latest/meta-data/" + path, headers=header)
    return str(DIRECT.open(ask, timeout=5).read(), "utf-8")


def signed(host: str, region: str, keys: dict[str, str], body: bytes, now: float) -> dict[str, str]:
    """Headers of a request to SSM, with AWS's signature, version 4."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": stamp,
        "x-amz-security-token": keys["Token"],
        "x-amz-target": "AmazonSSM.GetParameter",
    }
    names = ";".join(headers)
    lines = ["POST", "/", "", *(f"{name}:{value}" for name, value in headers.items()), "", names]
    request = "\n".join([*lines, hashlib.sha256(body).hexdigest()])
    scope = [stamp[:8], region, "ssm", "aws4_request"]
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in [*scope, "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), digest])]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    who = "/".join([keys["AccessKeyId"], *scope])
    proof = f"Credential={who}, SignedHeaders={names}, Signature={key.hex()}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 {proof}"
    return headers


def told(prefix: str) -> dict[str, Any]:
    """Read the parameter of this instance. OSError while there is none, or it may not be read yet."""
    region = metadata("placement/region")
    role = metadata("iam/security-credentials/").split()[0]
    keys = json.loads(metadata("iam/security-credentials/" + role))
    domain = metadata("services/domain")
    url = os.environ.get("AWS_ENDPOINT_URL_SSM") or f"https://ssm.{region}.{domain}"
    body = json.dumps({"Name": prefix + metadata("instance-id"), "WithDecryption": True}).encode()
    headers = signed(url.split("//")[1].rstrip("/"), region, keys, body, time.time())
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=15) as answer:
            value = json.load(answer)["Parameter"]["Value"]
    except urllib.error.HTTPError as error:
        why = str(error.read(300), "utf-8", "replace")
        raise OSError(f"SSM answers {error.code} {why}") from None
    return json.loads(value)  # type: ignore[no-any-return]


def fetched(url: str, run: str) -> str:
    """The controller's agent.jar as a file. ValueError if something else comes, as a page to log in."""
    with urllib.request.urlopen(url.rstrip("/") + "/jnlpJars/agent.jar", timeout=60) as answer:
        jar = answer.read()
    if not jar.startswith(b"PK"):
        raise ValueError(f"{url} gives no agent.jar but {jar[:60]!r}")
    path = os.path.join(run, "agent.jar")
    with open(path + ".new", "wb") as file:
        file.write(jar)
    os.replace(path + ".new", path)
    return path


class ShutdownTimer:
    """Shuts the instance down at a time, unless that is put off."""

    def __init__(self) -> None:
        self.timer: threading.Timer | None = None

    def after(self, seconds: float) -> None:
        """In so many seconds from now, and not before."""
        self.never()
        self.timer = threading.Timer(seconds, self.now, [f"no agent for {seconds:.0f} s"])
        self.timer.daemon = True
        self.timer.start()

    def never(self) -> None:
        """Not until it is requested again."""
        if self.timer:
            self.timer.cancel()

    @staticmethod
    def now(why: str) -> None:
        """Terminate the instance by itself: its launch defines what a shutdown does."""
        say("shutting down: " + why)
        subprocess.run(["shutdown", "-h", "now"], check=False)
        os._exit(1)


def secret_file(run: str, secret: str, owner: pwd.struct_passwd) -> str:
    """The secret where only the agent can read it, in memory (`/run`)."""
    path = os.path.join(run, "secret")
    if os.path.exists(path):
        os.unlink(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        os.fchown(file.fileno(), owner.pw_uid, owner.pw_gid)
        file.write(secret)
    return path


def run_agent(hand: dict[str, Any], jar: str, settings: dict[str, Any], ending: ShutdownTimer) -> bool:
    """Run the agent until it ends; whether it was connected."""
    owner = pwd.getpwnam(settings["user"])
    workdir = hand["workdir"] or settings["workdir"]
    os.makedirs(workdir, exist_ok=True)
    shutil.chown(workdir, owner.pw_uid, owner.pw_gid)
    secret = secret_file(settings["run"], hand["secret"], owner)
    command = ["java", "-jar", jar, "-url", hand["url"], "-name", hand["node"], "-secret", "@" + secret]
    command += ["-workDir", workdir, "-noReconnect", *(["-webSocket"] if hand["websocket"] else [])]
    home = {"HOME": owner.pw_dir, "USER": owner.pw_name, "LOGNAME": owner.pw_name}
    become: dict[str, Any] = {}
    if os.geteuid() == 0:
        groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
        become = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": groups}
    agent = subprocess.Popen(
        command,
        cwd=workdir,
        env={"LANG": "C.UTF-8", **os.environ, **home},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **become,
    )
    return followed(agent, secret, ending)


def followed(agent: subprocess.Popen[bytes], secret: str, ending: ShutdownTimer) -> bool:
    """Pass on the agent's output, and see in it that it is connected."""
    connected = False
    for line in agent.stdout or ():
        sys.stdout.write(line.decode(errors="replace"))
        sys.stdout.flush()
        if line.rstrip().endswith(b": Connected") and not connected:
            connected = True
            ending.never()
            os.unlink(secret)  # read, and no build needs to see it
            subprocess.run(["shutdown", "-c"], check=False)  # what the user data set for a start that hangs
    say(f"the agent ended with {agent.wait()}")
    return connected


def attempt(settings: dict[str, Any], ending: ShutdownTimer) -> bool:
    """Become an agent; whether it worked for a while."""
    try:
        hand = told(settings["prefix"])
        jar = fetched(hand["url"], settings["run"])
        return run_agent(hand, jar, settings, ending)
    except (OSError, ValueError, LookupError) as error:
        say(f"not yet: {error}")
        return False


def main() -> None:
    """Be an agent for as long as there is a controller."""
    with open(sys.argv[1]) as file:
        settings = json.load(file)
    ending = ShutdownTimer()
    ending.after(settings["boot_seconds"])
    pause = PAUSE
    while True:
        connected = attempt(settings, ending)
        if connected:
            ending.after(settings["reconnect_seconds"])
        pause = PAUSE if connected else min(pause * 1.5, 15 * PAUSE)
        time.sleep(pause * random.uniform(0.5, 1))


if __name__ == "__main__":
    main()
