from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.simulate import poolfile
from dynaslave.simulate.validation import fit
from dynaslave.trace import Trace, TraceBuild, dumps, read, read_csv, read_swf
from jobdsl.errors import EstateError, JobdslError

CSV = """\
# exported by hand
submit_s,duration_s,pool,label
30,60,linux,
10.5,1e2,mac,"mac && (arm||""big box"")"
"""
SWF = """\
; Version: 2.2
; MaxNodes: 128

1  0   5  100 1 -1 -1 1 -1 -1 1 3 2 17 0 -1 -1 -1
2  60 -1   -1 1 -1 -1 1 -1 -1 0 3 2 17 0 -1 -1 -1 ; was cancelled
3  30  0 33.5 4 -1 -1 4 -1 -1 1 3 2 -1 1 -1 -1 -1
"""


def told(lines: str, kind: str = "csv") -> list[str]:
    reader = read_csv if kind == "csv" else read_swf
    with pytest.raises(EstateError) as caught:
        reader(textwrap.dedent(lines).splitlines(), "t")
    return [str(one) for one in caught.value.problems]


def test_csv_with_a_header_in_the_order_they_came() -> None:
    trace = read_csv(CSV.splitlines())
    assert trace.builds == (
        TraceBuild(10.5, 100.0, "mac", 'mac&&(arm||"big box")', "", 4),
        TraceBuild(30.0, 60.0, "linux", "", "", 3),
    )


def test_csv_without_a_header_and_with_columns_in_another_order() -> None:
    assert read_csv(["1,2,p", "3,4,p"]).builds == (
        TraceBuild(1, 2, "p", line=1),
        TraceBuild(3, 4, "p", line=2),
    )
    assert read_csv(["job,pool,duration_s,submit_s", "a/b,p,4,3"]).builds == (
        TraceBuild(3, 4, "p", "", "a/b", 2),
    )


def test_every_mistake_of_a_csv_file_has_its_line() -> None:
    assert told("submit_s,duration_s,pool\nx,1,p\n1,-2,p\n1,2,\n1,2\n1,2,p,q\n1,inf,p\n1e12,3,p\n") == [
        "t:2: error: submit_s: 'x' is no number of seconds",
        "t:3: error: duration_s: '-2' is below 0",
        "t:4: error: no pool is named (a pool is one of the --pool file's: its X in [pools.X])",
        "t:5: error: 2 fields where submit_s, duration_s, pool are wanted "
        "(add the pool: 1,2,NAME; a pool is one of the --pool file's: its X in [pools.X])",
        "t:6: error: 4 fields where submit_s, duration_s, pool are wanted (quote fields that hold a comma)",
        "t:7: error: duration_s: 'inf' is no number of seconds",
        "t:8: error: submit_s: '1e12' is over ten years",
    ]
    assert told("submit,duration_s,pool") == [
        "t:1: error: there is no column 'submit' (did you mean \"submit_s\"?)",
        "t:1: error: the column submit_s is missing",
    ]
    assert told("1,2,p,a b") == [
        "t:1: error: label expression 'a b', column 3: unexpected b (a space is not an operator: "
        "write && or || between labels, or quote a label with a space)"
    ]
    assert told("") == ["t: error: there is no build in it"]
    assert len(told("1,2,p\n" + "1,2\n" * 100)) == 20  # a file of another kind is told soon enough


def test_swf_has_queues_for_pools_and_leaves_out_what_never_ran() -> None:
    trace = read_swf(SWF.splitlines())
    assert trace == Trace(
        (TraceBuild(0, 100, "0", "", "17", 4), TraceBuild(30, 33.5, "1", "", "", 6)), 1, True
    )
    assert told("1 2 3\n" + "1 0 5 100 1 -1 x 1 -1 -1 1 3 2 17 0 -1 -1 -1\n", "swf") == [
        "t:1: error: 3 fields; a line of SWF has 18",
        "t:2: error: 'x' is no number of SWF",
    ]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12).map(str.strip)
BUILD = st.builds(
    TraceBuild,
    st.integers(0, 10**6).map(lambda number: number / 8),
    st.integers(0, 10**5).map(lambda number: number / 8),
    TEXT.filter(lambda text: bool(text) and not text.startswith("#")),
    st.sampled_from(["", "a", "a&&b", '"x y"||!c']),
    TEXT,
    st.just(0),
)


@given(st.lists(BUILD, min_size=1, max_size=20))
def test_a_written_trace_is_read_back(builds: list[TraceBuild]) -> None:
    found = read_csv(dumps(builds)).builds
    assert [one._replace(line=0) for one in found] == sorted(builds, key=lambda one: one.submit)


@given(st.lists(st.text(alphabet='0123456789.,-"ep#; x\n\0é', max_size=40), max_size=8))
def test_whatever_stands_in_a_file_is_a_trace_or_an_error(lines: list[str]) -> None:
    for reader in (read_csv, read_swf):
        try:
            trace = reader(lines)
        except EstateError as error:
            assert error.problems  # noqa: PT017
        else:
            assert all(one.submit >= 0 and one.duration >= 0 for one in trace.builds)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "t.swf").write_text(SWF)
    with pytest.raises(JobdslError, match="it is no UTF-8"):
        read(tmp_path / "t.csv")
    with pytest.raises(JobdslError, match="No such file"):
        read(tmp_path / "none.csv")
    assert read(tmp_path / "t.swf").numbered


POOLS = """
[pools.linux]
max_agents = 10
[pools.mac]
label = "mac arm"
max_agents = 2
"""


def test_a_trace_must_fit_the_pools() -> None:
    pools = poolfile.loads(POOLS)
    builds = (
        TraceBuild(0, 1, "linx", line=2),
        TraceBuild(1, 1, "linx", line=3),
        TraceBuild(2, 1, "mac", "mac&&x86", line=4),
    )
    with pytest.raises(EstateError) as caught:
        fit(Trace(builds), pools, "t.csv")
    assert [str(one) for one in caught.value.problems] == [
        "t.csv:2: error: there is no pool 'linx' (did you mean \"linux\"?)",
        "t.csv:4: error: no pool has agents for 'mac&&x86' (labels are arm, linux, mac)",
    ]
    numbered = read_swf(SWF.splitlines())
    with pytest.raises(EstateError):
        fit(numbered, pools, "t.swf")
    only = {"linux": pools["linux"]}
    assert {one.pool for one in fit(numbered, only, "t.swf")} == {"linux"}


def test_every_mistake_of_a_pools_file_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(EstateError) as caught:
        poolfile.loads(
            "[pools.a]\nmax_agents = 3\nspare = 1\n[pools.b]\nexecutors = 0\nmax_agents = 1\n[pool.c]\n"
        )
    assert [str(one) for one in caught.value.problems] == [
        "pools.toml:3: error: pools.a: unknown argument 'spare' (did you mean \"spares\"?)",
        "pools.toml:5: error: pools.b: executors: takes a whole number, 1 to 1,000, not 0",
        'pools.toml:7: error: unknown key pool (did you mean "pools"?)',
    ]
    with pytest.raises(EstateError, match="1 problem"):
        poolfile.loads("")
    with pytest.raises(JobdslError, match="cannot be read"):
        poolfile.load(tmp_path / "none.toml")
