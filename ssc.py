"""Sound scene classification: from a folder of recordings to a trained network and its figures.

`train` is the default command; `cross_validate` evaluates the recipe on held-out clips. Their steps
follow in order, then the other commands and the command line. The mathematics is in mfcc/ and
mininet/. From Python: predict_file(model, path) -> the probability of each class.
"""

import os
import signal
import sys
from pathlib import Path

if __name__ == "__mp_main__":  # in a worker: the parent handles Ctrl-C, also during these imports
    signal.signal(signal.SIGINT, signal.SIG_IGN)
elif Path(*sys.argv[:1]).stem == "ssc":  # Ctrl-C and errors of these imports: no traceback
    signal.signal(signal.SIGINT, lambda *_: (os.write(2, b"ssc: interrupted\n"), os._exit(130)))
    sys.excepthook = lambda _, error, __: (os.write(2, f"ssc: {error!r}\n".encode()), os._exit(2))

import json
import platform
import time
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from experiment import cli, data, data_report, evaluate, extract, figures, prediction, scenes
from experiment.data import Dataset
from experiment.evaluate import Choice, Features
from experiment.explanation import clip_page
from experiment.folds import KINDS, find_folds, find_folds_or_none
from experiment.output import Output, open_output, open_run
from experiment.prediction import predict_file as predict_file  # for use from Python
from experiment.recipes import Model, Recipe, Reference, read_model
from experiment.report import write_report
from experiment.terminal import csv_text, prepare_streams, printable, progress_bar, reason, say
from mfcc import __version__
from mfcc.audio import SAMPLE_RATE
from mininet import History, confusion_matrix


def train(options: Namespace) -> None:
    """Train on all clips; save the model and figures."""
    recipe, dataset = cli.make_recipe(options), load(options)
    with (
        open_run(options.out, options.show, options.quiet) as output,
        pool(options, dataset) as executor,
    ):
        dataset, features, record = extract_features(dataset, recipe, options, output, executor)
        with extract.in_background(None if options.show else executor) as draw:
            if isinstance(recipe, Reference):  # the views of the other recipe are not images
                draw(figures.draw_features, figures.first_clips(features), recipe, output)

            start_time = time.perf_counter()
            choice = choose_networks(recipe, features, options.seed, output)
            model, histories = train_networks(recipe, choice, features, options.seed, output)
            record["seconds"]["training"] = time.perf_counter() - start_time

            p = model.predict_proba(features.views)  # (n_clips, n_classes)
            loss, accuracy = evaluate.scores(p, features.labels)
            matrix = confusion_matrix(features.labels, p.argmax(axis=1), len(features.classes))
            results = {"train": {"loss": loss, "accuracy": accuracy}, "classes": features.classes}
            results |= {"chosen_accuracy": choice.accuracy, "confusion": matrix.tolist()} | record
            output.save_json(results, "metrics.json")
            draw(figures.draw_training, model, histories, matrix, output, options.normalize)
        if not options.no_report:
            answers = evaluate.Answers(np.eye(len(matrix), dtype=int)[p.argmax(axis=1)], p)
            write_report(dataset, features, answers, results, options, output, executor)
        output.log(f"loss {loss:.4f}, accuracy {accuracy:.4f}, measured on the training clips")
        if choice.accuracy is not None:
            text = "on held-out clips (slightly optimistic: the networks were chosen on them)"
            output.log(f"accuracy {choice.accuracy:.4f} {text}")
        output.log(figures.next_steps(output.folder, recipe, options))


def cross_validate(options: Namespace) -> None:
    """Measure the held-out accuracy of a recipe, for each fold and seed."""
    recipe, dataset = cli.make_recipe(options), load(options)
    # fail early if the folds are impossible; repeated below for the readable clips
    find_folds(dataset.names, dataset.labels, options.folds, options.seed)
    with (
        open_run(options.out, options.show, options.quiet) as output,
        pool(options, dataset) as executor,
    ):
        dataset, features, record = extract_features(dataset, recipe, options, output, executor)
        folds = find_folds(features.names, features.labels, options.folds, options.seed)
        output.log(f"{len(folds.numbers)} folds: {KINDS[folds.kind]}")

        start_time, trials = time.perf_counter(), list[evaluate.Trial]()
        seeds = range(options.seed, options.seed + options.repeats)
        for of_fold in evaluate.cross_validate(
            recipe, features, folds, seeds, executor, output.quiet
        ):
            output.log(figures.fold_line(of_fold, recipe))
            trials += of_fold
        record["seconds"]["training"] = time.perf_counter() - start_time

        metrics, curves = evaluate.metrics(trials, folds, features), evaluate.mean_curves(trials)
        results = {"held_out": metrics, "classes": features.classes} | record
        output.save_json(results, "metrics.json")
        figures.draw_cross_validation(results, curves, output, options.normalize)
        if not options.no_report:
            answers = evaluate.held_out_answers(trials, features)
            write_report(dataset, features, answers, results, options, output, executor)
        output.log(figures.summary(metrics))
        output.log(figures.next_steps(output.folder, recipe, options))


def load(options: Namespace) -> Dataset:
    """Find the recordings of --data; without --data, the embedded scenes."""
    if options.data is None:
        return data.embedded(options.seed)
    dataset = data.scan(options.data, options.all_classes)
    out = getattr(options, "out", None)
    if out and out.exists() and any(Path(path).parent.samefile(out) for path in dataset.sources):
        raise ValueError(f"--out {out} contains recordings; results must not lie among them")
    return data.segmented(dataset) if options.segments else dataset


def pool(options: Namespace, dataset: Dataset) -> AbstractContextManager[Executor | None]:
    """The worker processes of --jobs, by default as many as the number of clips justifies."""
    return extract.workers(options.jobs or extract.default_n_jobs(len(dataset)))


def extract_features(
    dataset: Dataset, recipe: Recipe, options: Namespace, output: Output, executor: Executor | None
) -> tuple[Dataset, Features, dict[str, Any]]:
    """Read each clip and compute its views. Return the readable clips, their features, and the
    record for metrics.json: settings, versions, skipped and silent clips, run times."""
    if options.data is None:
        output.log("No --data given: using the embedded synthetic scenes. For real recordings:")
        output.log("ssc --data DIR, where DIR contains one folder of recordings per class.")
    output.log(figures.class_table(dataset))
    record, start_time = run_settings(options, recipe), time.perf_counter()
    progress = progress_bar("extracting features", output.quiet)
    result = extract.extract_features(
        dataset, recipe.examples, executor, progress, options.features
    )
    extract.report_unreadable(result.problems, len(dataset), options.skip_bad)
    dataset = dataset.only(result.kept)
    if text := figures.treatment_text(result.treated, len(dataset)):
        output.log(text)
    if result.silent:
        output.log(f"silent clips: {len(result.silent)} of {len(dataset)}")
    for name, view in zip(recipe.networks, result.views, strict=True):
        sizes = zip(view.shape, ("clips", "copies each", "windows", "numbers"), strict=True)
        shape = " x ".join(f"{n} {word}" for n, word in sizes if n > 1)
        output.log(f"features of the network {name}: {shape}")
    seconds = {"features": time.perf_counter() - start_time}
    record |= {"skipped": result.problems, "silent": result.silent, "seconds": seconds}
    return dataset, Features(result.views, dataset.names, dataset.labels, dataset.classes), record


def run_settings(options: Namespace, recipe: Recipe) -> dict[str, Any]:
    """The settings and versions that determine the results. ImportError: a library is missing."""
    names = ["data", "recipe", "seed", *(["folds", "repeats"] if options.cv else [])]
    names += [name for name in ("segments", "features") if getattr(options, name)]
    settings = {name: getattr(options, name) for name in names} | asdict(recipe)
    versions = {"ssc": __version__, "python": platform.python_version()}
    libraries = ("numpy", "scipy", "soundfile", "matplotlib", "jinja2")
    versions |= {name: import_module(name).__version__ for name in libraries}
    return {"settings": settings, "versions": versions}


def choose_networks(recipe: Recipe, features: Features, seed: int, output: Output) -> Choice:
    """Select the networks to average, by cross-validation if possible."""
    if len(recipe.networks) == 1:
        return Choice((0,))
    folds = find_folds_or_none(features.names, features.labels, seed)
    if folds is None:
        output.log("a class has a single recording: no cross-validation, all networks are used")
        return Choice(range(len(recipe.networks)))
    choice = evaluate.choose_networks(recipe, features, folds.fold_of, seed, output.quiet)
    names = " and ".join(recipe.networks[k] for k in choice.networks)
    output.log(f"chosen by cross-validation on {len(folds.numbers)} folds: {names}")
    output.log(f'answers with a probability below {choice.threshold:.0%} are "unsure"')
    return choice


def train_networks(
    recipe: Recipe, choice: Choice, features: Features, seed: int, output: Output
) -> tuple[Model, list[History]]:
    """Train the chosen networks in turn and save the model; if a run ends early, for whatever
    reason, save the networks that have completed an epoch, and note it in the exception."""
    model = Model(recipe, features.classes, {}, choice.exponent, choice.threshold)
    histories = list[History]()
    path = output.folder / "model.npz"

    def on_epoch(history: History) -> None:
        model.networks[k] = network
        seconds = time.perf_counter() - start_time
        is_last = len(history.loss) == recipe.epochs
        output.log(figures.epoch_line(history, recipe.epochs, seconds), passing=not is_last)

    try:
        for k in choice.networks:
            network, x, y, rng = evaluate.prepare(recipe, k, features, seed)
            output.log(f"network {recipe.networks[k]}\n{network.summary()}")
            start_time = time.perf_counter()
            history = recipe.fit(network, x, y, rng, on_epoch)
            histories.append(history)
    except BaseException as stop:
        if model.networks:
            model.save(path)
            stop.kept = f"; the model trained so far is saved in {path}"  # type: ignore[attr-defined]
        raise
    model.save(path)
    output.log(f"wrote {path}")
    return model, histories


def check(options: Namespace) -> int:
    """Describe the recordings; return the exit code, 2 if one cannot be read."""
    dataset = load(options)
    if options.data is None and not options.json:
        say("No --data given: describing the embedded synthetic scenes.")
    progress = progress_bar("checking", options.json)
    with pool(options, dataset) as executor:
        task = partial(data_report.measure, dataset.reader)
        outcomes = list(extract.map_clips(task, dataset.sources, executor, progress))
    found = data_report.report(dataset, outcomes, options.folds, options.seed)
    as_json = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
    say(as_json if options.json else data_report.as_text(found))
    return 2 if found["unreadable"] else 0


def predict(options: Namespace) -> int:
    """Print the most probable classes of each recording, according to a trained model, and the
    timeline of long ones; return the exit code, 2 if one, or with --skip-bad all, cannot be read.
    """
    if options.out and any(options.out.glob("[0-9][0-9][0-9]-*.csv")):
        raise ValueError(
            f"--out {options.out} contains the files of an earlier predict; use another"
        )
    model = read_model(options.model)
    if model.threshold is None:
        text = f"the probabilities of the recipe {model.recipe.name} are not calibrated"
        say(f"ssc: {text}: an answer with a low probability may be right", sys.stderr)
    paths, skipped = data.recordings(options.clips)
    if text := figures.skipped_text(skipped):
        say(f"ssc: {text}", sys.stderr)
    with open_output(options.out, quiet=True) if options.out else nullcontext() as output:
        answers, problems = predict_each(model, paths, options, output)
    if options.json:
        listed = {"clips": answers, "unreadable": problems, "skipped_files": skipped}
        say(json.dumps(listed, indent=2, ensure_ascii=False, allow_nan=False))
    elif options.out and not options.csv:
        say(f"wrote a picture, a table and a label track of each recording into {options.out}")
    extract.report_unreadable(problems, len(paths), skip=True)
    return 2 if problems and not (options.skip_bad and answers) else 0


def predict_each(
    model: Model, paths: Sequence[str], options: Namespace, output: Output | None
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Predict, print and draw each recording; return the answers, as in JSON, and the problems."""
    answers, problems = list[dict[str, Any]](), list[dict[str, str]]()
    if options.csv:
        say(csv_text([["file", "seconds", "class", "unknown", *model.classes]]).rstrip())
    for path in paths:
        try:
            found = prediction.predict_recording(model, path)
        except (OSError, ValueError) as error:
            problems.append({"file": path, "reason": data.problem_of(error)})
            continue
        answers.append(prediction.as_json(path, found, model))
        if options.csv:
            say(csv_text([prediction.csv_row(answers[-1], found)]).rstrip())
        elif not options.json:
            say(prediction.as_text(path, found, model))
        if output:
            figures.draw_timeline(path, len(answers), found, model, output)
    return answers, problems


def explain(options: Namespace) -> None:
    """Show one clip in every stage, from the waveform to the MFCCs: as a picture and as a page."""
    from mfcc.display import stages

    model = read_model(options.model) if options.model else None
    clip, name = data.read_clip(options.clip), printable(Path(options.clip).name)
    (title,) = figures.drawable([name])
    figure = stages(clip.signal, SAMPLE_RATE, n_mfcc=options.n_mfcc, title=title)
    with open_output(options.out, options.show, options.quiet) as output:
        if "cut" in clip.steps:
            output.log("the recording is longer: only its first 5 s are drawn")
        output.save_figure(figure, "explain.png")
        output.save(clip_page(clip, name, options.n_mfcc, model), "explain.html")


def write_scenes(options: Namespace) -> None:
    """Write the embedded scenes as WAV files, one folder per class. ValueError: the folder is not
    empty; its recordings could have the same names."""
    if options.folder.is_dir() and any(options.folder.iterdir()):
        raise ValueError(f"the folder {options.folder} is not empty; use a new one")
    with open_output(options.folder, quiet=options.quiet) as output:
        folder, progress = output.folder, progress_bar("writing", options.quiet)
        n_clips = scenes.write_scenes(folder, seed=options.seed, progress=progress)
        output.log(f"wrote {n_clips} clips to {folder}; train on them: ssc --data {folder}")


COMMANDS = {"train": train, "cross_validate": cross_validate, "check": check, "predict": predict}
COMMANDS |= {"explain": explain, "scenes": write_scenes}


def main(arguments: Sequence[str]) -> int:
    """Run a command; return the exit code: 0, 2 for invalid input, 130 after Ctrl-C."""
    options = cli.parse(arguments, __version__)
    command = "cross_validate" if getattr(options, "cv", False) else options.command
    try:
        return COMMANDS[command](options) or 0
    except (Exception, KeyboardInterrupt) as error:
        kept = getattr(error, "kept", "")  # where the model trained so far is saved
        say(f"ssc: {message_of(error)}{kept}", sys.stderr)
        return 130 if isinstance(error, KeyboardInterrupt) else 2


def message_of(error: BaseException) -> str:
    """What went wrong, in one sentence; several lines if several recordings cannot be read."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, BrokenExecutor):
        causes = "out of memory, a decoder that crashed on a broken file, or a script without"
        return f'a worker process died: {causes} if __name__ == "__main__":'
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}"
    if isinstance(error, OSError):
        return reason(error)
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def run() -> None:
    """Run main as a program: with Matplotlib's own settings and, without --show, its Agg backend,
    outputs that print any name, and an end by SIGTERM or a closed terminal like one by Ctrl-C."""
    os.environ["MATPLOTLIBRC"] = os.devnull
    if "--show" not in sys.argv:
        os.environ["MPLBACKEND"] = "Agg"  # no display is needed
    prepare_streams()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
