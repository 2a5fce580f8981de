"""The file `scores.json`: what a model scored, on which clips, by which judge.

A score file holds one run or several: trainings of one model that differ by their seed alone. The
first run is that of the weights beside the file. Anyone may have written a file, so every number
in it is checked when it is read. `rwae.files.metrics` says what the numbers mean.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rwae.codes import Factor
from rwae.errors import CheckpointError
from rwae.files.checkpoint import SCORES_FILE, WEIGHTS_FILE, atomic
from rwae.files.jsonfile import is_number, parse_name, read_object
from rwae.files.metrics import LARGEST_NUMBER, METRICS, Column, Interval, Metric

MAX_COMMAND = 1000  # characters of a command
MAX_RUNS = 16
MAX_SETTINGS = 100  # of a training
MAX_FACTORS = 32
MAX_VALUES = 1000  # of a factor
MAX_BASELINES = 8
SCORE_COMMAND = "python -m rwae.evaluation"


@dataclass(frozen=True)
class Scores:
    """The numbers of one model.

    Attributes:
        values: by metric, a number, or numbers by the name of a factor.
        details: more for people, such as the confusion counts of inferred actions; JSON values
            that no program reads.
    """

    values: Mapping[Metric, float | Mapping[str, float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, other: Scores) -> Scores:
        """The numbers of both."""
        return Scores({**self.values, **other.values}, {**self.details, **other.details})

    def __contains__(self, metric: Metric) -> bool:
        return metric in self.values

    def number(self, metric: Metric, factor: str | None = None) -> float | None:
        """A number; None if it was not measured.

        Args:
            metric: which one.
            factor: whose, of a metric with a number for each factor.
        """
        value = self.values.get(metric)
        if isinstance(value, Mapping):
            return value.get(factor) if factor is not None else None
        return value

    def summary(self, metric: Metric, factors: Sequence[Factor]) -> float | None:
        """The number for a table; None if it was not measured.

        Args:
            metric: which one. If it has a number for each factor, its `summary` says which counts.
            factors: of the clips.
        """
        value = self.values.get(metric)
        if not isinstance(value, Mapping):
            return value
        if metric.summary == "first dynamic factor":
            dynamic = [factor.name for factor in factors if not factor.static]
            return value.get(dynamic[0]) if dynamic else None
        if metric.summary == "most readable static factor":
            static = (value.get(factor.name) for factor in factors if factor.static)
            return max((number for number in static if number is not None), default=None)
        return None

    def interval_text(self, interval: Interval) -> str:
        """Both ends of an interval as text; empty if it was not measured."""
        low, high = self.number(interval.low), self.number(interval.high)
        if low is None or high is None:
            return ""
        return f"{interval.low.unit.text(low)} to {interval.high.unit.text(high)}"

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON values, by group and key."""
        found: dict[str, Any] = {}
        for metric, value in self.values.items():
            found.setdefault(metric.group.key, {})[metric.key] = (
                dict(value) if isinstance(value, Mapping) else value
            )
        return found


@dataclass(frozen=True)
class JudgeId:
    """A judge of the evaluation.

    Attributes:
        name: of its folder.
        sha256: of the file of its weights, as 64 hexadecimal digits.
    """

    name: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256[:12]})"

    @staticmethod
    def of_folder(folder: Path) -> JudgeId:
        """The identity of the judge in a folder; OSError if it has no weights."""
        with (folder / WEIGHTS_FILE).open("rb") as file:
            return JudgeId(folder.resolve().name, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True)
class Training:
    """How weights were trained, as far as it is known.

    Attributes:
        seed: of the training.
        steps: of the training.
        batch: clips of a step.
        command: that trains them.
    """

    seed: int | None = None
    steps: int | None = None
    batch: int | None = None
    command: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What is known, as JSON values."""
        return {k: v for k, v in dataclasses.asdict(self).items() if v is not None}


@dataclass(frozen=True)
class ScoredRun:
    """The scores of one training of a model."""

    training: Training
    scores: Scores


@dataclass(frozen=True)
class ScoreFile:
    """The scores of a model.

    Attributes:
        dataset: on which it was scored.
        split: of the data set.
        seed: of the evaluation: of its pairs and draws.
        clips: that were scored.
        recordings: independent recordings of which the clips were cut; None if unknown.
        factors: of the clips, as the judge names them; none if the judge names none.
        judges: by the key of a group, the judge that gave its numbers.
        runs: trainings that differ by their seed alone; the first is that of the weights beside
            the file.
        baselines: by name, what programs score that learn nothing.
        name: of the model, which is not in the file.

    Raises:
        CheckpointError: if the runs do not belong together, or a judge is missing.
    """

    dataset: str
    split: str
    seed: int
    clips: int
    recordings: int | None
    factors: tuple[Factor, ...]
    judges: Mapping[str, JudgeId]
    runs: tuple[ScoredRun, ...]
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        if not self.runs:
            raise CheckpointError(f"The scores of {self.name or 'a model'} hold no run.")
        steps = sorted({str(run.training.steps) for run in self.runs})
        if len(steps) > 1:
            raise CheckpointError(
                f"The scores of {self.name or 'a model'} are of runs of {' and '.join(steps)} "
                "steps: a mean over seeds needs runs of one length."
            )
        seeds = [run.training.seed for run in self.runs]
        if len(set(seeds)) < len(seeds):
            raise CheckpointError(
                f"The scores of {self.name or 'a model'} name the training seeds {seeds}: a mean "
                "over seeds needs different ones."
            )
        groups = {metric.group for scores in self.all_scores() for metric in scores.values}
        if missing := sorted(g.key for g in groups if g.judged and g.key not in self.judges):
            raise CheckpointError(
                f"The scores of {self.name or 'a model'} name no judge for "
                f"{', '.join(missing)}: write them again with {SCORE_COMMAND}."
            )

    def all_scores(self) -> Iterator[Scores]:
        """The scores of every run and every baseline."""
        yield from (run.scores for run in self.runs)
        yield from self.baselines.values()

    @property
    def steps(self) -> int | None:
        """The length of the training, which is the same in all runs."""
        return self.runs[0].training.steps

    def known(self, metric: Metric) -> list[float]:
        """The number of every run that has it."""
        found = [run.scores.summary(metric, self.factors) for run in self.runs]
        return [value for value in found if value is not None]

    def values(self, metric: Metric) -> list[float] | None:
        """The number of every run; None if one of them lacks it."""
        known = self.known(metric)
        return known if len(known) == len(self.runs) else None

    def text(self, column: Column) -> str:
        """The mean over the runs, ± their sample standard deviation if there are several.

        An interval is that of the first run. If some runs lack the number, the text says how many
        have it; it is empty if all of them do.
        """
        if isinstance(column, Interval):
            return self.runs[0].scores.interval_text(column)
        values = self.known(column)
        if not values:
            return ""
        deviation = statistics.stdev(values) if len(values) > 1 else None
        text = column.unit.text(statistics.fmean(values), deviation)
        few = len(values) < len(self.runs)
        return f"{text} ({len(values)} of {len(self.runs)} seeds)" if few else text

    def judge(self, metric: Metric) -> JudgeId | None:
        """The judge that gave a number; None if it needs none."""
        return self.judges[metric.group.key] if metric.group.judged else None

    def with_run(self, other: ScoreFile) -> ScoreFile:
        """These scores and those of another training seed; a run of the same seed is replaced.

        A run that no judge scored only replaces the errors of one of the same seed.

        Args:
            other: the scores of one run.

        Raises:
            CheckpointError: if it was scored in another way, or was trained longer or shorter.
        """
        for part in ("dataset", "split", "seed", "clips", "recordings", "factors"):
            ours, theirs = getattr(self, part), getattr(other, part)
            if ours != theirs:
                raise CheckpointError(
                    f"These scores have the {part} {theirs!r}, and those of {self.name} have "
                    f"{ours!r}: score both in the same way."
                )
        for group, judge in other.judges.items():
            if self.judges.get(group, judge) != judge:
                raise CheckpointError(
                    f"The judge {judge} gave the scores of {group}, and the judge "
                    f"{self.judges[group]} gave those of {self.name}: scores by different judges "
                    "are never averaged. Score both with one judge."
                )
        (run,) = other.runs
        if run.training.seed is None:
            raise CheckpointError(
                "The training seed of this model is unknown, so it cannot stand beside other "
                "seeds: score the folder of a training, which has a training.json."
            )
        kept = {known.training.seed: known for known in self.runs}
        if not other.judges and run.training.seed in kept:
            scores = kept[run.training.seed].scores | run.scores
            run = dataclasses.replace(run, scores=scores)
        baselines = {
            name: self.baselines.get(name, Scores()) | other.baselines.get(name, Scores())
            for name in {**self.baselines, **other.baselines}
        }
        return dataclasses.replace(
            self,
            judges={**self.judges, **other.judges},
            runs=tuple((kept | {run.training.seed: run}).values()),
            baselines=baselines,
        )


def require_one_judge(files: Sequence[ScoreFile], metrics: Sequence[Metric]) -> None:
    """Refuses to show numbers by different judges together.

    Raises:
        CheckpointError: if two of the numbers are by different judges.
    """
    shown = [
        (file, metric)
        for file in files
        for metric in metrics
        if metric.group.judged and any(metric in scores for scores in file.all_scores())
    ]
    for file, metric in shown[1:]:
        first, which = shown[0]
        if file.judge(metric) != first.judge(which):
            raise CheckpointError(
                f"The judge {file.judge(metric)} gave {metric.heading} of {file.name}, and the "
                f"judge {first.judge(which)} gave {which.heading} of {first.name}: scores by "
                "different judges never stand in one table. Score both with one judge."
            )


def write_scores(path: Path, file: ScoreFile) -> None:
    """Writes a score file; OSError if that is impossible."""
    judges: dict[JudgeId, list[str]] = {}
    for group, judge in file.judges.items():
        judges.setdefault(judge, []).append(group)
    content = {
        "dataset": file.dataset,
        "split": file.split,
        "seed": file.seed,
        "clips": file.clips,
        "recordings": file.recordings,
        "factors": [dataclasses.asdict(factor) for factor in file.factors],
        "judges": [
            {"name": judge.name, "sha256": judge.sha256, "groups": groups}
            for judge, groups in judges.items()
        ],
        "runs": [
            {
                "training": run.training.to_json(),
                "scores": run.scores.to_json(),
                **({"details": run.scores.details} if run.scores.details else {}),
            }
            for run in file.runs
        ],
        "baselines": {name: scores.to_json() for name, scores in file.baselines.items()},
    }
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read_scores(folder: Path) -> ScoreFile | None:
    """Reads the scores of a checkpoint; None if it has not been scored.

    Raises:
        CheckpointError: if the file is broken.
    """
    path = folder / SCORES_FILE
    return read_score_file(path, folder.name) if path.is_file() else None


def read_score_file(path: Path, name: str) -> ScoreFile:
    """Reads a score file and checks every number in it.

    Args:
        path: of the file.
        name: of the model, for messages and tables.

    Raises:
        CheckpointError: if the file is broken, or was written by another version.
    """
    try:
        return _parse_file(read_object(path), name)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except (ValueError, TypeError, LookupError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    raise CheckpointError(
        f"The file {path.name} of {name} cannot be read as scores ({reason}): write it again with "
        f"{SCORE_COMMAND}."
    )


def _parse_file(content: Mapping[str, Any], name: str) -> ScoreFile:
    """Checks every entry; raises ValueError, TypeError or LookupError if one is wrong."""
    factors = tuple(
        Factor(
            parse_name(factor["name"]),
            tuple(parse_name(value) for value in _parse_list(factor["values"], MAX_VALUES)),
            factor["static"] is True,
        )
        for factor in _parse_list(content["factors"], MAX_FACTORS)
    )
    judges = {
        parse_name(group): JudgeId(parse_name(judge["name"]), _parse_digest(judge["sha256"]))
        for judge in _parse_list(content["judges"], len(METRICS))
        for group in _parse_list(judge["groups"], len(METRICS))
    }
    runs = tuple(
        ScoredRun(
            parse_training(run["training"]),
            dataclasses.replace(
                _parse_scores(run["scores"], factors),
                details=_parse_mapping(run.get("details", {}), 16),
            ),
        )
        for run in _parse_list(content["runs"], MAX_RUNS)
    )
    baselines = _parse_mapping(content["baselines"], MAX_BASELINES)
    recordings = content["recordings"]
    return ScoreFile(
        parse_name(content["dataset"]),
        parse_name(content["split"]),
        _parse_whole(content["seed"]),
        _parse_whole(content["clips"]),
        None if recordings is None else _parse_whole(recordings),
        factors,
        judges,
        runs,
        {
            parse_name(program): _parse_scores(scores, factors)
            for program, scores in baselines.items()
        },
        name,
    )


def parse_training(content: Any) -> Training:
    """Reads what a training.json or a run of a score file says of a training.

    Args:
        content: JSON values; what is not asked for may be anything.

    Raises:
        ValueError: if a value is wrong.
    """
    known = _parse_mapping(content, MAX_SETTINGS)
    command = known.get("command")
    if command is not None and not (
        isinstance(command, str) and command.isprintable() and len(command) <= MAX_COMMAND
    ):
        raise ValueError("the command of a training is not a line of text")
    seed, steps, batch = (
        None if known.get(key) is None else _parse_whole(known[key])
        for key in ("seed", "steps", "batch")
    )
    return Training(seed, steps, batch, command)


def _parse_scores(content: Any, factors: Sequence[Factor]) -> Scores:
    names = {factor.name for factor in factors}
    values: dict[Metric, float | Mapping[str, float]] = {}
    for group, numbers in _parse_mapping(content, len(METRICS)).items():
        for key, value in _parse_mapping(numbers, len(METRICS)).items():
            metric = METRICS.get((group, key))
            if metric is None:
                raise ValueError(f"{group[:30]}.{key[:30]} is not a metric of this version")
            if metric.per_factor:
                by_factor = _parse_mapping(value, MAX_FACTORS)
                if not set(by_factor) <= names:
                    raise ValueError(f"{group}.{key} names a factor that the file does not list")
                values[metric] = {f: _parse_number(v, metric) for f, v in by_factor.items()}
            else:
                values[metric] = _parse_number(value, metric)
    return Scores(values)


def _parse_number(value: Any, metric: Metric) -> float:
    if not is_number(value, metric.unit.low, metric.unit.high):
        raise ValueError(f"{metric.group.key}.{metric.key} has no fitting number")
    number: float = value  # a count stays a whole number
    return number


def _parse_whole(value: Any) -> int:
    if not is_number(value, 0, math.floor(LARGEST_NUMBER)) or value != int(value):
        raise ValueError("a count or a seed is not a whole number")
    return int(value)


def _parse_digest(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("the digest of a judge is not the SHA-256 of its weights")
    return value


def _parse_list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"an entry is not a list of at most {most} parts")
    return value


def _parse_mapping(value: Any, most: int) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > most:
        raise ValueError(f"an entry is not a JSON object of at most {most} parts")
    return value
