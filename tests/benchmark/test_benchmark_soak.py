"""The soak test: that it does all kinds of work, and notices what stays."""

from pathlib import Path

import pytest
from serving import small_checkpoint

from rwae.benchmark import soak
from rwae.benchmark.soak import LOST, SoakLog, State, broken_bounds

HELD = State(memory=100.0, open_files=9, threads=5, children=0, files=0)


@pytest.mark.slow
def test_a_short_soak_does_all_kinds_of_work_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "broken_bounds", lambda *_: [])  # it is too short for them
    monkeypatch.setattr(soak, "STOP_SECONDS", 60.0)
    model = str(small_checkpoint(tmp_path / "model"))
    options = [model, "--minutes", "0.05", "--rest", "0.1", "--programs", "2", "--device", "cpu"]
    assert soak.main([*options, "--markdown"]) == 0
    said = capsys.readouterr()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in said.out.splitlines()
        if line.startswith("| ")
    ]
    calls = rows[1 : [row[0] for row in rows].index("all") + 1]
    assert len(calls) >= 8, "a few kinds may have had no turn"
    assert all(int(number) > 0 and row[-1] == "0" for row in calls for number in row[1:2])
    (_, _, left) = rows[-1]
    assert left == "0"
    assert not said.err


@pytest.mark.parametrize(
    ("end", "complaint"),
    [
        (HELD._replace(memory=109.0, open_files=7), ""),
        (HELD._replace(memory=112.0), "memory grew by 12%"),
        (HELD._replace(open_files=10), "9 open files at the start, and now 10"),
        (HELD._replace(threads=6), "5 threads at the start, and now 6"),
        (HELD._replace(children=1), "0 children at the start, and now 1"),
        (HELD._replace(files=2), "0 files at the start, and now 2"),
    ],
)
def test_what_stays_is_told(end: State, complaint: str) -> None:
    told = broken_bounds(HELD._replace(memory=1.0), HELD, end, SoakLog())
    assert len(told) == bool(complaint)
    assert complaint in "".join(told)


def test_a_lost_answer_is_told() -> None:
    log = SoakLog()
    log.outcomes["/swap", LOST] += 2
    log.complaints.add("/swap: ReadTimeout")
    assert broken_bounds(HELD, HELD, HELD, log) == ["/swap: ReadTimeout", "2 answers were lost."]
    assert log.table()[-1] == ["all", "2", "0", "0", "0", "2"]


def test_a_soak_of_no_time_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        soak.main(["--minutes", "0"])
    assert ended.value.code == 2
    assert "more than 0 minutes" in capsys.readouterr().err
