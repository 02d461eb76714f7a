"""Sound scene classification: from a folder of recordings to a trained network and its figures.

`train` is the main job; `cross_validate` evaluates the recipe on held-out clips. The other commands
and the command line follow. The mathematics is in mfcc/ and mininet/.
"""

import signal

if __name__ == "__mp_main__":  # imported by a worker process: Ctrl-C is handled by its parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)

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
from mininet import DivergenceError, Ensemble, History, confusion_matrix

__version__ = "0.1.0"


def train(options: argparse.Namespace) -> None:
    """Train on all clips; save the model and figures."""
    recipe = make_recipe(options)
    with output_folder(options.out) as folder:
        output = Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        dataset, views, record = extract(dataset, recipe, options, output)
        if isinstance(recipe, Reference):  # the views of the other recipe are not images
            figures.draw_features(views[0], recipe, dataset, output)

        start_time = time.perf_counter()
        chosen = choose_networks(recipe, views, dataset, options.seed, output)
        classes, labels = dataset.classes, dataset.labels
        tasks = evaluate.make_tasks(recipe, chosen, views, labels, len(classes), options.seed)
        curves = train_networks(tasks, chosen, recipe, classes, output)
        record["seconds"]["training"] = time.perf_counter() - start_time

        ensemble = Ensemble([task.network for task in tasks])
        p = ensemble.predict_proba([views[k] for k in chosen])  # (n_clips, n_classes)
        loss, accuracy = evaluate.scores(p, labels)
        matrix = confusion_matrix(labels, p.argmax(axis=1), len(classes))
        results = {"train": {"loss": loss, "accuracy": accuracy}, "classes": classes}
        results |= {"confusion": matrix.tolist()} | run_settings(options, recipe) | record
        output.save_json(results, "metrics.json")
        figures.draw_training(tasks, curves, matrix, classes, output, options.normalize)
        output.log(f"loss {loss:.4f}, accuracy {accuracy:.4f}, measured on the training clips")
        output.log("use --cv to measure the accuracy on held-out clips")
        output.show()


def cross_validate(options: argparse.Namespace) -> None:
    """Measure the held-out accuracy of a recipe, for each fold and seed."""
    recipe, repeats = make_recipe(options), options.repeats
    with output_folder(options.out) as folder:
        output = Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        # fail early if the folds are impossible; repeated below for the readable clips
        find_folds(dataset.names, dataset.labels, options.folds, options.seed)
        dataset, views, record = extract(dataset, recipe, options, output)
        folds = find_folds(dataset.names, dataset.labels, options.folds, options.seed)
        output.log(f"{len(folds.numbers)} folds: {KINDS[folds.kind]}")

        start_time, trials = time.perf_counter(), list[evaluate.Trial]()
        seeds = range(options.seed, options.seed + repeats)
        for trial in evaluate.cross_validate(recipe, views, dataset.labels, folds, seeds):
            trials.append(trial)
            if trial.seed == seeds[-1]:  # the fold is complete
                output.log(fold_line(trials[-repeats:], recipe))
        record["seconds"]["training"] = time.perf_counter() - start_time

        result = evaluate.CrossValidation(trials, folds, seeds, dataset)
        results = {"held_out": result.metrics(), "classes": dataset.classes}
        settings = run_settings(options, recipe, folds=options.folds, repeats=repeats)
        output.save_json(results | settings | record, "metrics.json")
        people = evaluate.human_confusion(dataset.classes)
        figures.draw_cross_validation(result, people, output, options.normalize)
        output.show()


def find_clips(options: argparse.Namespace, output: Output) -> Dataset:
    """Load the dataset and log its classes."""
    if options.data is None:
        output.log("No --data given: using the embedded synthetic scenes. For real recordings:")
        output.log("ssc.py --data DIR, where DIR contains one folder of recordings per class.")
    dataset = load_dataset(options)
    output.log(class_table(dataset))
    return dataset


def load_dataset(options: argparse.Namespace) -> Dataset:
    """Find the recordings of --data; without --data, the embedded scenes."""
    if options.data is None:
        return embedded(options.seed)
    out = getattr(options, "out", OUT)  # the output folder is not a class
    return scan(options.data, options.all_classes, out)


def extract(
    dataset: Dataset, recipe: Recipe, options: argparse.Namespace, output: Output
) -> tuple[Dataset, list[np.ndarray], dict[str, Any]]:
    """Read each clip and compute its views; return the readable clips, a view per network (n_clips,
    n_windows, n_features), and a record for metrics.json."""
    start_time = time.perf_counter()
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
    seconds = {"features": time.perf_counter() - start_time}
    return dataset, result.views, {"skipped": skipped, "seconds": seconds}


def choose_networks(
    recipe: Recipe, views: list[np.ndarray], dataset: Dataset, seed: int, output: Output
) -> tuple[int, ...]:
    """Select the networks to average, by cross-validation if possible."""
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
    """Train one network after the other and save the model; after Ctrl-C or a divergence, save the
    networks trained so far."""

    def save() -> None:
        trained = [(task.network, k) for task, k in zip(tasks, chosen, strict=True) if task.started]
        if not trained:
            raise ValueError("no network was trained yet")
        make_ensemble(trained, classes, recipe).save(output.folder / "model.npz")
        output.log("wrote", output.folder / "model.npz")

    try:
        curves = []
        for task in tasks:
            output.log(f"network {task.name}\n{task.network.summary()}")
            log = partial(log_epoch, start_time=time.perf_counter(), recipe=recipe, output=output)
            curves.append(task.train(recipe, log))
        save()
        return curves
    except (KeyboardInterrupt, DivergenceError) as stop:
        try:
            save()
            outcome = f"the model trained so far is saved in {output.folder / 'model.npz'}"
        except (ValueError, OSError) as error:
            outcome = f"no model could be saved: {reason(error)}"
        raise type(stop)(f"{stop}; {outcome}") from None


def log_epoch(history: History, *, start_time: float, recipe: Recipe, output: Output) -> None:
    """Log one line for the last epoch."""
    output.log(epoch_line(history, recipe.epochs, time.perf_counter() - start_time))


def run_settings(options: argparse.Namespace, recipe: Recipe, **others: Any) -> dict[str, Any]:
    """The settings and versions that determine the results."""
    settings = {"data": options.data, "recipe": recipe.name, "seed": options.seed, **others}
    settings |= asdict(recipe)
    return {"settings": settings, "versions": {"ssc": __version__, **versions()}}


def check(options: argparse.Namespace) -> int:
    """Describe the recordings; return the exit code, 2 if one cannot be read."""
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
        if isinstance(outcome, str):  # the reason it cannot be read
            problems.append(Problem(path, outcome))
        else:
            answers.append((path, model.predict_views(outcome[0])))
    report_unreadable(problems, len(options.clips), options.skip_bad)  # may raise
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
    """Write the embedded scenes as WAV files, one folder per class."""
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
    """Run a command; return the exit code: 0, 2 for invalid input, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments, __version__)
    try:
        return command_of(options)(options) or 0
    except KeyboardInterrupt as interrupt:
        print(f"ssc: interrupted{interrupt}", file=sys.stderr)  # "" or "; …"
        return 130
    except BrokenExecutor:
        message = "a worker process died: out of memory, or a decoder crashed on a broken file"
    except MemoryError as error:
        message = f"not enough memory: {error}"
    except OSError as error:
        message = reason(error)
    except ValueError as error:  # several lines if several recordings cannot be read
        message = str(error)
    print(f"ssc: {message}", file=sys.stderr)
    return 2


def run() -> None:
    """Run main with Matplotlib's Agg backend and streams that escape unprintable names."""
    if "--show" not in sys.argv:
        os.environ["MPLBACKEND"] = "Agg"  # no display is needed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


if __name__ == "__main__":
    run()
