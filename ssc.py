"""Sound scene classification: from a folder of recordings to a trained network and its figures.

`train` is the whole story; `cross_validate` measures the same on held-out clips. The other commands
and the command line follow. The mathematics is in mfcc/ and mininet/.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiment import data_report, evaluate, figures, scenes
from experiment.cli import OUT, make_recipe, parse
from experiment.data import Dataset, embedded, printable, read_clip, scan
from experiment.extract import (
    Problem,
    default_n_jobs,
    extract_features,
    process_clip,
    progress_bar,
    reason,
    report_unreadable,
    workers,
)
from experiment.folds import KINDS, find_folds, find_folds_or_none
from experiment.output import (
    Output,
    class_table,
    epoch_line,
    fold_line,
    output_folder,
    treatment_lines,
    versions,
)
from experiment.recipes import Recipe, Reference, make_ensemble, read_model
from mfcc.audio import SAMPLE_RATE
from mininet import DivergenceError, Ensemble, History, accuracy, confusion_matrix, cross_entropy

__version__ = "0.1.0"


def train(options: argparse.Namespace) -> None:
    """From clips to a model and its figures."""
    recipe = make_recipe(options)
    with output_folder(options.out) as folder:
        output = Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        dataset, views, run = extract(dataset, recipe, options, output)
        if isinstance(recipe, Reference):
            figures.draw_features(views[0], recipe, dataset, output)

        started = time.perf_counter()
        chosen = choose_networks(recipe, views, dataset, options.seed, output)
        classes, labels = dataset.classes, dataset.labels
        tasks = evaluate.make_tasks(recipe, chosen, views, labels, len(classes), options.seed)
        figures.draw_networks(tasks, output)
        curves = train_networks(tasks, chosen, recipe, classes, output)
        run["seconds"]["training"] = time.perf_counter() - started

        ensemble = Ensemble([task.network for task in tasks])
        p = ensemble.predict_proba([views[k] for k in chosen])  # (n_clips, n_classes)
        loss, correct = cross_entropy(p, labels), accuracy(labels, p.argmax(axis=1))
        matrix = confusion_matrix(labels, p.argmax(axis=1), len(classes))
        results = {"train": {"loss": loss, "accuracy": correct}, "classes": classes}
        results |= {"confusion": matrix.tolist()} | run_settings(options, recipe)
        output.save_json(results | run, "metrics.json")
        figures.draw_training(curves, matrix, classes, output, options.normalize)
        output.log(f"loss {loss:.4f}, accuracy {correct:.4f}, measured on the training set")
        output.log("the network was trained on these clips; --cv measures held-out accuracy")
        output.show()


def cross_validate(options: argparse.Namespace) -> None:
    """The accuracy of a recipe on held-out clips, fold by fold, seed by seed."""
    recipe, repeats = make_recipe(options), options.repeats
    with output_folder(options.out) as folder:
        output = Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        find_folds(dataset.names, dataset.labels, options.folds, options.seed)  # may be impossible
        dataset, views, run = extract(dataset, recipe, options, output)
        folds = find_folds(dataset.names, dataset.labels, options.folds, options.seed)
        output.log(f"{len(folds.numbers)} folds: {KINDS[folds.kind]}")

        started, trials = time.perf_counter(), list[evaluate.Trial]()
        seeds = range(options.seed, options.seed + repeats)
        for trial in evaluate.cross_validate(recipe, views, dataset.labels, folds, seeds):
            trials.append(trial)
            if trial.seed == seeds[-1]:
                output.log(fold_line(trials[-repeats:], recipe))
        run["seconds"]["training"] = time.perf_counter() - started

        result = evaluate.CrossValidation(trials, folds, seeds, dataset)
        settings = run_settings(options, recipe)
        settings["settings"] |= {"folds": options.folds, "repeats": repeats}
        results = {"held_out": result.metrics(), "classes": dataset.classes}
        output.save_json(results | settings | run, "metrics.json")
        people = evaluate.human_confusion(dataset.classes)
        figures.draw_cross_validation(result, people, output, options.normalize)
        output.show()


def find_clips(options: argparse.Namespace, output: Output) -> Dataset:
    """The classes and their clips: those of --data, or the embedded scenes."""
    if options.data is None:
        output.log("No --data given: using the embedded synthetic scenes. For real recordings:")
        output.log("ssc.py --data DIR, where DIR holds one folder of recordings a class.")
    dataset = load_dataset(options)
    output.log(class_table(dataset))
    return dataset


def load_dataset(options: argparse.Namespace) -> Dataset:
    """The recordings of --data, or the embedded scenes."""
    if options.data is None:
        return embedded(options.seed)
    return scan(options.data, options.all_classes, getattr(options, "out", OUT))


def extract(
    dataset: Dataset, recipe: Recipe, options: argparse.Namespace, output: Output
) -> tuple[Dataset, list[np.ndarray], dict[str, Any]]:
    """Read each clip and compute its views: the readable clips, (n_clips, n_windows, n_features)
    for each network of the recipe, and a record for metrics.json."""
    started = time.perf_counter()
    progress = partial(progress_bar, description="extracting features", quiet=output.quiet)
    with workers(options.jobs or default_n_jobs(len(dataset))) as executor:
        result = extract_features(dataset, recipe.views, executor, progress)
    report_unreadable(result.problems, len(dataset), options.skip_bad)
    if result.problems:
        dataset = dataset.only(result.kept)
    output.log("\n".join(treatment_lines(result.treated, len(dataset))))
    for name, view in zip(recipe.networks, result.views, strict=True):
        output.log(f"features of the network {name}:", view.shape)
    skipped = [asdict(problem) for problem in result.problems]
    seconds = {"features": time.perf_counter() - started}
    return dataset, result.views, {"skipped": skipped, "seconds": seconds}


def choose_networks(
    recipe: Recipe, views: list[np.ndarray], dataset: Dataset, seed: int, output: Output
) -> tuple[int, ...]:
    """Which networks of the recipe to average, chosen by cross-validation where possible."""
    if len(recipe.networks) == 1:
        return (0,)
    folds = find_folds_or_none(dataset.names, dataset.labels, seed)
    if folds is None:
        output.log("a class has a single recording: no cross-validation, all networks are used")
        return tuple(range(len(recipe.networks)))
    n_classes, labels = len(dataset.classes), dataset.labels
    chosen = evaluate.choose_networks(recipe, views, labels, n_classes, folds.fold_of, seed)
    names = " and ".join(recipe.networks[k] for k in chosen)
    output.log(f"chosen by cross-validation on {len(folds.numbers)} folds: {names}")
    return chosen


def train_networks(
    tasks: Sequence[evaluate.TrainingTask],
    chosen: Sequence[int],
    recipe: Recipe,
    classes: list[str],
    output: Output,
) -> list[evaluate.Curve]:
    """Train one network after the other and save the model; also if Ctrl-C or a diverging loss ends
    the training: then with what has been trained so far."""

    def log_epoch(history: History) -> None:
        output.log(epoch_line(history, recipe.epochs, time.perf_counter() - started))

    def save() -> None:
        ids = [i for i, task in enumerate(tasks) if task.started] or [0]
        networks, numbers = [tasks[i].network for i in ids], [chosen[i] for i in ids]
        output.save_model(make_ensemble(networks, classes, recipe, numbers), "model.npz")

    try:
        curves = []
        for task in tasks:
            started = time.perf_counter()
            curves.append(task.train(recipe, log_epoch))
        save()
        return curves
    except (KeyboardInterrupt, DivergenceError) as stop:
        try:
            save()
            outcome = f"the model trained so far is kept in {output.folder / 'model.npz'}"
        except (ValueError, OSError) as error:
            outcome = f"the model could not be saved: {reason(error)}"
        error_type = KeyboardInterrupt if isinstance(stop, KeyboardInterrupt) else ValueError
        raise error_type(f"{stop}; {outcome}") from None


def run_settings(options: argparse.Namespace, recipe: Recipe) -> dict[str, Any]:
    """What the results depend on: settings and versions."""
    settings = {"data": options.data, "recipe": recipe.name, "seed": options.seed}
    settings |= asdict(recipe)  # type: ignore[call-overload]
    return {"settings": settings, "versions": {"ssc": __version__, **versions()}}


def check(options: argparse.Namespace) -> int:
    """Describe the recordings -> the exit code, 2 if one cannot be read."""
    dataset = load_dataset(options)
    progress = partial(progress_bar, description="checking", quiet=options.json)
    with workers(options.jobs or default_n_jobs(len(dataset))) as executor:
        outcomes = data_report.measure_all(dataset, executor, progress)
    found = data_report.report(dataset, outcomes, options.folds, options.seed)
    print(data_report.as_json(found) if options.json else data_report.as_text(found))
    return 2 if found["unreadable"] else 0


def predict(options: argparse.Namespace) -> None:
    """Print the three most probable classes of each clip, according to a trained model."""
    model = read_model(options.model)
    answers, problems = [], []
    for path in options.clips:
        outcome = process_clip(read_clip, model.recipe.views, path)
        if isinstance(outcome, str):
            problems.append(Problem(path, outcome))
        else:
            answers.append((path, model.predict_views(outcome[0])))
    report_unreadable(problems, len(options.clips), options.skip_bad)
    for path, probabilities in answers:
        print(printable(path))
        for c in np.argsort(-probabilities, kind="stable")[:3]:
            print(f"  {probabilities[c]:6.1%}  {model.classes[c]}")


def explain(options: argparse.Namespace) -> None:
    """Draw one clip through every stage, from the waveform to the MFCCs."""
    from mfcc.display import stages

    signal = read_clip(options.clip).signal
    with output_folder(options.out) as folder:
        output = Output(folder, show=options.show, quiet=options.quiet)
        (title,) = figures.drawable([printable(Path(options.clip).name)])
        figure = stages(signal, SAMPLE_RATE, n_mfcc=options.n_mfcc or Reference.n_mfcc, title=title)
        output.save_figure(figure, "explain.png")
        output.show()


def write_scenes(options: argparse.Namespace) -> None:
    """Write the embedded scenes as WAV files, one folder a class."""
    with output_folder(options.folder) as folder:
        output = Output(folder, quiet=options.quiet)
        progress = partial(progress_bar, description="writing", quiet=options.quiet)
        n_clips = scenes.write_scenes(folder, seed=options.seed, progress=progress)
        output.log(f"wrote {n_clips} clips to {folder}; train on them: ssc.py --data {folder}")


def command_of(options: argparse.Namespace) -> Callable[[argparse.Namespace], int | None]:
    """The function of the requested command."""
    commands: dict[str, Callable[[argparse.Namespace], int | None]] = {
        "train": cross_validate if getattr(options, "cv", False) else train,
        "check": check,
        "predict": predict,
        "explain": explain,
        "scenes": write_scenes,
    }
    return commands[options.command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line -> the exit code: 0, 2 after bad input, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments, __version__)
    try:
        return command_of(options)(options) or 0
    except KeyboardInterrupt as interrupt:
        print(f"ssc: interrupted{interrupt}", file=sys.stderr)
        return 130
    except BrokenExecutor:
        message = "a worker process died (out of memory, or a decoder crash); no training was done"
    except MemoryError as error:
        message = f"not enough memory: {error}"
    except (ValueError, OSError) as error:
        message = reason(error) if isinstance(error, OSError) else str(error)
    print(f"ssc: {message}", file=sys.stderr)
    return 2


def run() -> None:
    """The program: main, with Matplotlib drawing into memory and names of any script printable."""
    if "--show" not in sys.argv:
        os.environ["MPLBACKEND"] = "Agg"  # no display is needed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


if __name__ == "__main__":
    run()
