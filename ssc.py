"""Sound scene classification: from a folder of recordings to a trained network and its pictures.

`train` tells the whole story in the order of the published tutorial; `train_improved` does the same
with the improved recipe, and `cross_validate` measures either on clips that it has not learnt from.
Then come the other commands and, at the end, the command line. The mathematics is in mfcc/ and
mininet/.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from experiment import (
    checkup,
    evaluation,
    extraction,
    held_out,
    models,
    recipes,
    report,
    scenes,
)
from experiment.dataset import Dataset, embedded, printable, read_clip, scan
from experiment.folds import KINDS, find_folds, folds_at_hand
from experiment.improved import Improved
from experiment.inspection import inspect_all
from experiment.interruption import postponed, undisturbed
from experiment.options import OUT, parse
from mfcc.audio import SAMPLE_RATE
from mininet import (
    DivergenceError,
    Ensemble,
    History,
    Sequential,
    accuracy,
    confusion_matrix,
    cross_entropy,
    one_hot,
)

__version__ = "0.1.0"

EMBEDDED = """No --data given: these are the embedded synthetic scenes.
For real recordings: ssc.py --data DIR, where DIR holds one folder of recordings a class."""
WORKER_DIED = """a process that was reading ended by itself, as it does when memory runs out or the
decoder of a broken file crashes; nothing was learnt"""
ON_TRAINING_SET = "measured on the training set: these are the clips the network has learnt from."


def train(options: argparse.Namespace) -> None:
    """From clips to a model and its pictures: the tutorial, start to end."""
    recipe = reference(options)
    features, training = recipe.features, recipe.training
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        dataset, (heard,), about = listen(dataset, recipe, options, output)
        x = draw_features(heard, features, dataset, output)  # (n_clips, n_features)

        rng = np.random.default_rng(training.seed)
        order = rng.permutation(len(x))
        recipes.rearrange(x, order)
        labels = dataset.labels[order]
        network = recipes.reference_network(x.shape[1], len(dataset.classes), rng)
        network.metadata = recipes.metadata(dataset.classes, features)
        draw_network(network, output)

        y = one_hot(labels, len(dataset.classes))
        with keeping(lambda: network, output):
            history, about["seconds"]["training"] = learn(network, x, y, training, rng, output)
        draw_learning(history, output)
        results = judge(network, x, labels, dataset.classes, output, options.normalize)
        asked = {"data": options.data, "recipe": recipe.name}
        settings = asked | asdict(features) | asdict(training)
        output.history(history, "history.csv")
        output.json(results | facts(settings, about), "metrics.json")
        output.show()


def find_clips(options: argparse.Namespace, output: report.Output) -> Dataset:
    """Step 1: which classes there are, and how many clips of each."""
    if options.data is None:
        output.say(EMBEDDED)
    dataset = clips_of(options)
    output.say(report.class_table(dataset))
    return dataset


def clips_of(options: argparse.Namespace) -> Dataset:
    """The recordings of --data, or the embedded scenes."""
    if options.data is None:
        return embedded(options.seed)
    return scan(options.data, options.all_classes, getattr(options, "out", OUT))


def listen(
    dataset: Dataset, recipe: evaluation.Recipe, options: argparse.Namespace, output: report.Output
) -> tuple[Dataset, list[np.ndarray], dict[str, Any]]:
    """Steps 2 and 3: read each clip, and compute what each network of the recipe hears of it: the
    clips that can be read, (n_clips, n_windows, n_features) for each network, and what there is to
    say of it in metrics.json."""
    started = time.perf_counter()
    bar = partial(progress_bar, description="reading, features", quiet=output.quiet)
    jobs = options.jobs or extraction.fitting_jobs(len(dataset))
    with extraction.workers(jobs) as executor:
        if executor is not None:
            report.preload_matplotlib()
        heard = extraction.extract(dataset, recipe.views, executor, bar)
    go_on_without(heard.problems, len(dataset), options.skip_bad)
    if heard.problems:
        dataset = dataset.only(heard.kept)
    for line in report.treatment_lines(heard.treated, len(dataset)):
        output.say(line)
    skipped = [asdict(problem) for problem in heard.problems]
    seconds = {"features": time.perf_counter() - started}
    return dataset, heard.views, {"skipped": skipped, "seconds": seconds}


def go_on_without(problems: Sequence[extraction.Problem], n_clips: int, skip: bool) -> None:
    """Say which clips cannot be read, all of them, however quiet the run is.

    ValueError: there are some, and they are not to be skipped.
    """
    if not problems:
        return
    listed = "\n".join(f"  {problem.reason}" for problem in problems)
    text = f"{len(problems)} of {n_clips} recordings cannot be read:\n{listed}\n"
    if not skip:
        raise ValueError(f"{text}--skip-bad goes on without them")
    print(f"ssc: {text}going on without them", file=sys.stderr)


def draw_features(
    heard: np.ndarray, features: recipes.Features, dataset: Dataset, output: report.Output
) -> np.ndarray:
    """Steps 3 and 4: three clips a class as images, and flattened; returns all flattened."""
    from mfcc.display import mfcc_grid, vector_grid

    coefficients = heard.reshape(len(heard), features.n_rows, -1)  # (n_clips, n_rows, n_frames)
    output.say("features:", coefficients.shape)
    output.picture(mfcc_grid(coefficients, dataset.labels, dataset.classes), "mfcc.png")
    x = heard.reshape(len(heard), -1)
    output.say("flattened:", x.shape)
    output.picture(vector_grid(x, dataset.labels, dataset.classes), "features.png")
    return x


def draw_network(network: Sequential, output: report.Output, title: str | None = None) -> None:
    """Step 5: the layers as a table and as a diagram; title: its name, where there are several."""
    from mininet.display import diagram

    if title is not None:
        output.say(f"network for {title}")
    output.say(network.summary())
    name = "network.png" if title is None else f"network_{title}.png"
    output.picture(diagram(network, title=title), name)


def learn(
    network: Sequential,
    x: np.ndarray,
    y: np.ndarray,
    training: recipes.Training,
    rng: np.random.Generator,
    output: report.Output,
) -> tuple[History, float]:
    """Step 6: train, a line an epoch; returns the history and the seconds it took."""
    started = time.perf_counter()

    def report_epoch(history: History) -> None:
        seconds = time.perf_counter() - started
        output.say(report.epoch_line(history, training.epochs, seconds))

    history = training.fit(network, x, y, rng, report_epoch)
    return history, time.perf_counter() - started


@contextmanager
def keeping(learnt: Callable[[], Sequential | Ensemble], output: report.Output) -> Iterator[None]:
    """The model, which learnt gives, is written when the block ends; also when Ctrl-C ends it, or
    a loss that is not finite: then with what it has learnt until then, and the sentence says so.
    Or why nothing is kept: Ctrl-C may come before it is found that weights are NaN."""
    path = output.folder / "model.npz"
    try:
        yield
        with postponed():
            output.model(learnt(), path.name)
    except KeyboardInterrupt:
        with undisturbed():
            try:
                output.model(learnt(), path.name)
            except (ValueError, OSError) as error:
                why = extraction.reason(error)
                raise KeyboardInterrupt(f"; nothing could be kept: {why}") from None
        raise KeyboardInterrupt(f"; what was learnt until then is kept in {path}") from None
    except DivergenceError as stop:
        with undisturbed():
            output.model(learnt(), path.name)
        raise ValueError(f"{stop}; the last finite weights are kept in {path}") from None


def draw_learning(history: History, output: report.Output, name: str = "curves.png") -> None:
    """Loss, accuracy and learning rate by epoch."""
    from mininet.display import curves

    output.picture(curves(history), name)


def judge(
    network: Sequential,
    x: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
    output: report.Output,
    normalize: bool,
) -> dict[str, Any]:
    """Step 7: how the trained network answers on the clips that it was trained on."""
    loss, right = network.evaluate(x, labels)
    matrix = confusion_matrix(labels, network.predict(x), len(classes))
    return draw_answers(matrix, (loss, right), classes, output, normalize)


def draw_answers(
    matrix: np.ndarray,
    scores: tuple[float, float],
    classes: list[str],
    output: report.Output,
    normalize: bool,
) -> dict[str, Any]:
    """The answers to the training clips, drawn and said; what of them is kept."""
    from mininet.display import confusion

    loss, right = scores
    output.picture(confusion(matrix, classes), "confusion.png")
    if normalize:
        output.picture(confusion(matrix, classes, normalize=True), "confusion_normalized.png")
    output.say(report.confusion_table(matrix, classes))
    output.say(report.score_table(matrix, classes))
    output.say(f"loss {loss:.4f}, accuracy {right:.4f}, {ON_TRAINING_SET}")
    return {
        "train": {"loss": loss, "accuracy": right},
        "classes": classes,
        "confusion": matrix.tolist(),
    }


def train_improved(options: argparse.Namespace) -> None:
    """The same with the improved recipe: two small networks, one file."""
    recipe, seed = Improved(), options.seed
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        dataset, views, about = listen(dataset, recipe, options, output)
        say_views(views, recipe, output)

        started = time.perf_counter()
        n_classes, labels = len(dataset.classes), dataset.labels
        chosen = choose(recipe, views, dataset, seed, output)
        lessons = evaluation.lessons(recipe, chosen, views, labels, n_classes, seed)

        def learnt() -> Ensemble:
            begun = [i for i, lesson in enumerate(lessons) if lesson.begun] or [0]
            known = models.improved_metadata(dataset.classes, recipe, [chosen[i] for i in begun])
            return Ensemble([lessons[i].network for i in begun], known)

        with keeping(learnt, output):
            curves = [lesson.learn(recipe) for lesson in lessons]
        about["seconds"]["training"] = time.perf_counter() - started
        ensemble = learnt()
        for network, curve in zip(ensemble.networks, curves, strict=True):
            draw_network(network, output, curve.network)
            draw_learning(curve.train, output, f"curves_{curve.network}.png")
            output.history(curve.train, f"history_{curve.network}.csv")
        p = ensemble.predict_proba([views[k] for k in chosen])
        matrix = confusion_matrix(labels, p.argmax(axis=1), n_classes)
        scores = cross_entropy(p, labels), accuracy(labels, p.argmax(axis=1))
        results = draw_answers(matrix, scores, dataset.classes, output, options.normalize)
        output.json(results | facts(asked_of(options, recipe), about), "metrics.json")
        output.show()


def say_views(views: list[np.ndarray], recipe: evaluation.Recipe, output: report.Output) -> None:
    """The shape of what each network hears."""
    for name, view in zip(recipe.networks, views, strict=True):
        output.say(f"features, {name}:", view.shape)


def choose(
    recipe: Improved, views: list[np.ndarray], dataset: Dataset, seed: int, output: report.Output
) -> tuple[int, ...]:
    """Which networks of the recipe shall answer: chosen by cross-validation, if that can be."""
    folds = folds_at_hand(dataset.names, dataset.labels, seed)
    if folds is None:
        output.say("a class has one recording alone: nothing to choose by, all networks answer")
        return tuple(range(len(recipe.networks)))
    chosen = evaluation.choose(recipe, views, dataset.labels, len(dataset.classes), folds.of, seed)
    names = " and ".join(recipe.networks[k] for k in chosen)
    output.say(f"chosen by cross-validation on {len(folds.numbers)} folds: {names}")
    return chosen


def cross_validate(options: argparse.Namespace) -> None:
    """How good a recipe is on clips that it has not learnt from: fold by fold, seed by seed."""
    recipe = recipe_of(options)
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        find_folds(dataset.names, dataset.labels, options.folds, options.seed)  # may be refused
        dataset, views, about = listen(dataset, recipe, options, output)
        folds = find_folds(dataset.names, dataset.labels, options.folds, options.seed)
        output.say(f"{len(folds.numbers)} folds: {KINDS[folds.kind]}")
        say_views(views, recipe, output)

        started = time.perf_counter()
        seeds = range(options.seed, options.seed + options.repeats)
        trials: list[evaluation.Trial] = []
        for trial in evaluation.cross_validate(recipe, views, dataset.labels, folds, seeds):
            trials.append(trial)
            if trial.seed == seeds[-1]:
                output.say(held_out.fold_line(trials[-len(seeds) :], recipe))
        about["seconds"]["training"] = time.perf_counter() - started

        result = held_out.HeldOut(trials, folds, seeds, dataset)
        figures = held_out.tell(result, output, options.normalize)
        results = {"held_out": figures, "classes": dataset.classes}
        output.json(results | facts(asked_of(options, recipe), about), "metrics.json")
        output.show()


def recipe_of(options: argparse.Namespace) -> evaluation.Recipe:
    """The recipe that was asked for."""
    return Improved() if options.recipe == Improved.name else reference(options)


def reference(options: argparse.Namespace) -> recipes.Reference:
    """The reference recipe with what was asked of it."""
    return recipes.Reference(
        recipes.Features(options.n_mfcc, options.deltas),
        recipes.Training(
            options.epochs, options.batch_size, options.learning_rate, options.decay, options.seed
        ),
    )


def asked_of(options: argparse.Namespace, recipe: evaluation.Recipe) -> dict[str, Any]:
    """The settings that a run of a recipe depends on."""
    asked = {"data": options.data, "recipe": recipe.name, "seed": options.seed}
    if options.cv:
        asked |= {"folds": options.folds, "repeats": options.repeats}
    return asked | asdict(recipe)  # type: ignore[call-overload]


def facts(settings: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """What a run depended on, which clips it went on without, and how long it took."""
    versions = {"ssc": __version__, **report.versions()}
    return {"settings": settings, "versions": versions, **about}


def check(options: argparse.Namespace) -> int:
    """What the recordings are like, and which of them are broken -> the exit code."""
    dataset = clips_of(options)
    jobs = options.jobs or extraction.fitting_jobs(len(dataset))
    bar = partial(progress_bar, description="checking", quiet=options.json)
    with extraction.workers(jobs) as executor:
        found = inspect_all(dataset, executor, bar)
    told = checkup.Checkup(dataset, found, options.folds, options.seed)
    print(told.json() if options.json else told.text())
    return 2 if told.problems else 0


def predict(options: argparse.Namespace) -> None:
    """For each clip the three likeliest classes, by a model that train has written."""
    model = models.read_model(options.model)
    heard = partial(extraction.hear, read_clip, model.features.views)
    answers, problems = [], []
    for path, outcome in zip(options.clips, map(heard, options.clips), strict=True):
        if isinstance(outcome, str):
            problems.append(extraction.Problem(path, outcome))
        else:
            answers.append((path, model.answer(outcome[0])))
    go_on_without(problems, len(options.clips), options.skip_bad)
    for path, probabilities in answers:
        print(printable(path))
        for c in np.argsort(-probabilities, kind="stable")[:3]:
            print(f"  {probabilities[c]:6.1%}  {model.classes[c]}")


def explain(options: argparse.Namespace) -> None:
    """One clip through every stage, from the waveform to the MFCCs, in one picture."""
    from mfcc.display import stages

    signal = read_clip(options.clip).signal
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        figure = stages(signal, SAMPLE_RATE, n_mfcc=options.n_mfcc, title=Path(options.clip).name)
        output.picture(figure, "explain.png")
        output.show()


def write_scenes(options: argparse.Namespace) -> None:
    """The embedded scenes as WAV files, one folder a class."""
    with report.output_folder(options.folder) as folder:
        output = report.Output(folder, quiet=options.quiet)
        bar = partial(progress_bar, description="writing", quiet=options.quiet)
        n_clips = scenes.write_scenes(folder, seed=options.seed, progress=bar)
        output.say(f"wrote {n_clips} clips under {folder}; train on them: ssc.py --data {folder}")


def progress_bar(items: Sequence[Any], *, description: str, quiet: bool) -> Iterable[Any]:
    """items, with a bar on the terminal that says how far the loop over them is."""
    hidden = True if quiet else None  # None: where the output is no terminal
    return tqdm(items, desc=description, unit="clip", mininterval=0.5, disable=hidden)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line -> the exit code: 0, 2 after bad input, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments, __version__)
    if not getattr(options, "show", False):
        os.environ["MPLBACKEND"] = "Agg"  # Matplotlib will draw into memory: no display is needed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # class names in any script, anywhere
    try:
        return command_of(options)(options) or 0
    except KeyboardInterrupt as stop:
        with undisturbed():
            print(f"ssc: interrupted{stop}", file=sys.stderr)
        return 130
    except BrokenExecutor:
        print(f"ssc: {WORKER_DIED}", file=sys.stderr)
    except MemoryError as error:
        print(f"ssc: not enough memory: {error}", file=sys.stderr)
    except ValueError as error:
        print(f"ssc: {error}", file=sys.stderr)
    except OSError as error:
        print(f"ssc: {extraction.reason(error)}", file=sys.stderr)
    return 2


def command_of(options: argparse.Namespace) -> Callable[[argparse.Namespace], int | None]:
    """The function that does what was asked."""
    if options.command == "train" and options.cv:
        return cross_validate
    if options.command == "train" and options.recipe == Improved.name:
        return train_improved
    commands: dict[str, Callable[[argparse.Namespace], int | None]] = {
        "train": train,
        "check": check,
        "predict": predict,
        "explain": explain,
        "scenes": write_scenes,
    }
    return commands[options.command]


if __name__ == "__main__":
    sys.exit(main())
