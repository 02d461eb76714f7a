"""What a cross-validation says: its numbers, its pictures, and the clips it gets wrong.

Before it: report.py. After it: options.py. Chapter 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mininet import History, confusion_matrix, precision_recall_f1, wilson_interval

from .dataset import Dataset
from .evaluation import Recipe, Trial
from .folds import KINDS, Folds
from .people import people_confusion, people_on
from .report import Output, confusion_table, score_table


@dataclass(frozen=True)
class HeldOut:
    """All trials of a cross-validation: accuracy[f, s] is that of fold f with seed s; confusion
    counts the answers of all seeds."""

    trials: list[Trial]
    folds: Folds
    seeds: Sequence[int]
    dataset: Dataset

    @property
    def accuracy(self) -> np.ndarray:
        """(n_folds, n_seeds)"""
        right = [trial.test[1] for trial in self.trials]
        return np.reshape(right, (len(self.folds.numbers), len(self.seeds)))

    @property
    def confusion(self) -> np.ndarray:
        """Rows true, columns predicted, (n_classes, n_classes) ints."""
        clips = np.concatenate([trial.clips for trial in self.trials])
        answers = np.concatenate([trial.probabilities.argmax(axis=1) for trial in self.trials])
        return confusion_matrix(self.dataset.labels[clips], answers, len(self.dataset.classes))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the pooled accuracy: as many trials as there are recordings, for
        two clips of one recording are no two trials."""
        matrix = self.confusion
        return wilson_interval(float(matrix.trace() / matrix.sum()), self.folds.n_recordings)


def mean_curves(result: HeldOut) -> dict[str, tuple[History, History]]:
    """(training part, test part) of each network by epoch, mean over all folds and seeds."""
    means = {}
    curves = [curve for trial in result.trials for curve in trial.curves]
    for name in dict.fromkeys(curve.network for curve in curves):
        same = [curve for curve in curves if curve.network == name]
        means[name] = (_mean([c.train for c in same]), _mean([c.test for c in same]))
    return means


def curve_rows(curves: dict[str, tuple[History, History]]) -> list[dict[str, Any]]:
    """The same as a table, a row a network and epoch."""
    return [
        {
            "network": name,
            "epoch": epoch + 1,
            "train_loss": train.loss[epoch],
            "train_accuracy": train.accuracy[epoch],
            "test_loss": test.loss[epoch],
            "test_accuracy": test.accuracy[epoch],
        }
        for name, (train, test) in curves.items()
        for epoch in range(len(train.loss))
    ]


def tell(result: HeldOut, output: Output, normalize: bool) -> dict[str, Any]:
    """Draw and say what came out, beside what people made of the same; returns the figures."""
    from mininet.display import parts

    numbers, matrix, classes = figures(result), result.confusion, result.dataset.classes
    people = people_confusion(classes)
    draw_confusion(matrix, people, classes, output, normalize)
    curves = mean_curves(result)
    output.picture(parts(curves), "curves.png")
    output.table(curve_rows(curves), "history.csv")
    output.table(numbers["mistakes"], "mistakes.csv")
    output.say(confusion_table(matrix, classes))
    output.say(score_table(matrix, classes))
    output.say(mistake_table(numbers["mistakes"], people is not None))
    for line in summary_lines(result):
        output.say(line)
    return numbers


def draw_confusion(
    matrix: np.ndarray,
    people: np.ndarray | None,
    classes: list[str],
    output: Output,
    normalize: bool,
) -> None:
    """The confusion matrix, beside that of people where there is one: then always as shares, for
    they gave another number of answers; with normalize ours alone, too."""
    from mininet.display import confusion, confusions

    if people is not None:
        theirs = f"people: {people.trace() / people.sum():.1%} of {people.sum()} answers"
        titles = [f"held out: {matrix.trace() / matrix.sum():.1%}", theirs]
        output.picture(confusions([matrix, people], classes, titles), "confusion.png")
    else:
        output.picture(confusion(matrix, classes, title="held out"), "confusion.png")
    if normalize:
        figure = confusion(matrix, classes, normalize=True, title="held out")
        output.picture(figure, "confusion_normalized.png")


def fold_line(trials: Sequence[Trial], recipe: Recipe) -> str:
    """One fold, all seeds: how many clips, the accuracy, and which networks were chosen."""
    right = np.array([trial.test[1] for trial in trials])
    first = trials[0]
    line = f"fold {first.fold}: {len(first.clips)} clips, accuracy {right.mean():.4f}"
    line += f" ± {right.std():.4f} over {_seeds(len(right))}"
    names = " and ".join(recipe.networks[k] for k in first.chosen)
    return line + (f"; chosen: {names}" if len(recipe.networks) > 1 else "")


def summary_lines(result: HeldOut) -> list[str]:
    """What was measured, and how sure it is."""
    numbers = figures(result)
    n, (low, high) = result.folds.n_recordings, numbers["interval_95"]
    train, folds = numbers["train"], len(result.folds.numbers)
    return [
        f"held out: accuracy {numbers['mean']:.4f} ± {numbers['std']:.4f} over {folds} folds,"
        f" ± {numbers['seeds_std']:.4f} over {_seeds(len(result.seeds))};"
        f" loss {numbers['loss']:.4f}",
        f"95 % interval for the accuracy on other recordings: {low:.3f} to {high:.3f}"
        f" ({n} recordings)",
        f"on the training parts: accuracy {train['accuracy']:.4f}, loss {train['loss']:.4f}",
    ]


def figures(result: HeldOut) -> dict[str, Any]:
    """The numbers, for metrics.json."""
    return {
        "kind": KINDS[result.folds.kind],
        **_accuracies(result.accuracy),
        "interval_95": list(result.interval),
        "loss": float(np.mean([trial.test[0] for trial in result.trials])),
        "train": {
            "loss": float(np.mean([trial.train[0] for trial in result.trials])),
            "accuracy": float(np.mean([trial.train[1] for trial in result.trials])),
        },
        "chosen": [
            [curve.network for curve in trial.curves]
            for trial in result.trials
            if trial.seed == result.seeds[0]
        ],
        "confusion": result.confusion.tolist(),
        "scores": _scores(result),
        "curves": {
            name: {"train": _curve(train), "test": _curve(test)}
            for name, (train, test) in mean_curves(result).items()
        },
        "mistakes": mistakes(result),
    }


def _accuracies(accuracy: np.ndarray) -> dict[str, Any]:
    """accuracy (n_folds, n_seeds): by fold, by seed, and how they scatter."""
    return {
        "folds": accuracy.mean(axis=1).tolist(),
        "mean": float(accuracy.mean()),
        "std": float(accuracy.mean(axis=1).std()),
        "seeds": accuracy.mean(axis=0).tolist(),
        "seeds_std": float(accuracy.mean(axis=0).std()),
        "by_fold_and_seed": accuracy.tolist(),
    }


def _scores(result: HeldOut) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each class."""
    rows = precision_recall_f1(result.confusion).tolist()
    names = ("precision", "recall", "f1")
    return {
        name: dict(zip(names, row, strict=True))
        for name, row in zip(result.dataset.classes, rows, strict=True)
    }


def mistakes(result: HeldOut) -> list[dict[str, Any]]:
    """The clips that were answered wrongly with any seed: how often, what was answered most, and
    how often people who were asked the same were right."""
    dataset = result.dataset
    answers = np.zeros((len(dataset), len(dataset.classes)), int)  # of all seeds
    for trial in result.trials:
        np.add.at(answers, (trial.clips, trial.probabilities.argmax(axis=1)), 1)
    rows = []
    for i, label in enumerate(dataset.labels):
        wrong = np.where(np.arange(len(dataset.classes)) == label, 0, answers[i])
        if wrong.any():
            people = people_on(dataset.names[i])
            rows.append(
                {
                    "clip": dataset.names[i],
                    "answered": dataset.classes[wrong.argmax()],
                    "wrong": int(wrong.sum()),
                    "seeds": len(result.seeds),
                    "people_right": None if people is None else people[0],
                    "people_asked": None if people is None else people[1],
                }
            )
    return sorted(rows, key=lambda row: -row["wrong"])


def mistake_table(rows: Sequence[dict[str, Any]], with_people: bool) -> str:
    """The clips that were wrong with more than half of the seeds, the worst first."""
    often = [row for row in rows if 2 * row["wrong"] > row["seeds"]]
    width = max((len(row["clip"]) for row in often), default=0)
    lines = [f"{len(often)} clips were wrong with more than half of the seeds:"]
    for row in often:
        line = f"  {row['clip']:<{width}}  {row['wrong']} of {row['seeds']}: {row['answered']}"
        if with_people and row["people_asked"]:
            line += f"; {row['people_right']} of {row['people_asked']} people were right"
        elif with_people:
            line += "; people were not asked"
        lines.append(line)
    return "\n".join(lines)


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"


def _mean(histories: list[History]) -> History:
    rows = [asdict(history) for history in histories]
    return History(
        *(np.mean([row[key] for row in rows], axis=0).tolist() for key in ("loss", "accuracy"))
    )


def _curve(history: History) -> dict[str, list[float]]:
    return {"loss": history.loss, "accuracy": history.accuracy}
