"""Sound scene classification: from a folder of recordings to a trained network and its pictures.

`train` tells the whole story in the order of the published tutorial; `train_improved` does the same
with the improved recipe, and `cross_validate` measures either on clips that it has not learnt from.
Then come the other commands and, at the end, the command line. The mathematics is in mfcc/ and
mininet/.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from tqdm import tqdm

from experiment import evaluation, held_out, models, recipes, report, scenes
from experiment.dataset import Dataset, embedded, read_clip, scan
from experiment.folds import KINDS, find_folds
from experiment.improved import Improved
from experiment.options import parse
from mfcc.audio import SAMPLE_RATE
from mininet import History, Sequential, accuracy, confusion_matrix, cross_entropy, one_hot

__version__ = "0.1.0"

EMBEDDED = """No --data given: these are the embedded synthetic scenes.
For real recordings: ssc.py --data DIR, where DIR holds one folder of recordings a class."""
ON_TRAINING_SET = "measured on the training set: these are the clips the network has learnt from."


def train(options: argparse.Namespace) -> None:
    """From clips to a model and its pictures: the tutorial, start to end."""
    recipe = reference(options)
    features, training = recipe.features, recipe.training
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        coefficients, feature_seconds = listen(dataset, features, output)
        x = draw_features(coefficients, dataset, output)  # (n_clips, n_features)

        rng = np.random.default_rng(training.seed)
        order = rng.permutation(len(x))
        x, labels = x[order], dataset.labels[order]
        network = recipes.reference_network(x.shape[1], len(dataset.classes), rng)
        network.metadata = recipes.metadata(dataset.classes, features)
        draw_network(network, output)

        y = one_hot(labels, len(dataset.classes))
        history, training_seconds = learn(network, x, y, training, rng, output)
        results = judge(network, x, labels, dataset.classes, output, options.normalize)
        results |= {
            "settings": {"data": options.data, **asdict(features), **asdict(training)},
            "versions": {"ssc": __version__, **report.versions()},
            "seconds": {"features": feature_seconds, "training": training_seconds},
        }
        output.history(history, "history.csv")
        output.json(results, "metrics.json")
        output.model(network, "model.npz")
        output.show()


def find_clips(options: argparse.Namespace, output: report.Output) -> Dataset:
    """Step 1: which classes there are, and how many clips of each."""
    if options.data is None:
        output.say(EMBEDDED)
        dataset = embedded(options.seed)
    else:
        dataset = scan(options.data, options.all_classes, options.out)
    output.say(report.class_table(dataset))
    return dataset


def listen(
    dataset: Dataset, features: recipes.Features, output: report.Output
) -> tuple[np.ndarray, float]:
    """Steps 2 and 3: read each clip and compute its MFCCs, (n_clips, n_rows, n_frames)."""
    rows, seconds = hear(dataset, features.of, output)
    coefficients = np.stack(rows)
    output.say("features:", coefficients.shape)
    return coefficients, seconds


def hear(
    dataset: Dataset, what: Callable[[np.ndarray], Any], output: report.Output
) -> tuple[list[Any], float]:
    """Read each clip, and what is computed of its signal; the seconds that it took."""
    started = time.perf_counter()
    bar = partial(progress_bar, description="reading, features", quiet=output.quiet)
    rows, treated = recipes.each_clip(dataset, what, bar)
    for line in report.treatment_lines(treated, len(dataset)):
        output.say(line)
    return rows, time.perf_counter() - started


def hear_views(
    dataset: Dataset, recipe: evaluation.Recipe, output: report.Output
) -> tuple[list[np.ndarray], float]:
    """The same for what each network of the recipe hears: (n_clips, n_windows, n_features) each."""
    rows, seconds = hear(dataset, recipe.views, output)
    views = [np.stack(view) for view in zip(*rows, strict=True)]
    for name, view in zip(recipe.networks, views, strict=True):
        output.say(f"features, {name}:", view.shape)
    return views, seconds


def draw_features(coefficients: np.ndarray, dataset: Dataset, output: report.Output) -> np.ndarray:
    """Steps 3 and 4: three clips a class as images, and flattened; returns all flattened."""
    from mfcc.display import mfcc_grid, vector_grid

    x = coefficients.reshape(len(coefficients), -1)
    output.picture(mfcc_grid(coefficients, dataset.labels, dataset.classes), "mfcc.png")
    output.say("flattened:", x.shape)
    output.picture(vector_grid(x, dataset.labels, dataset.classes), "features.png")
    return x


def draw_network(network: Sequential, output: report.Output) -> None:
    """Step 5: the layers as a table and as a diagram."""
    from mininet.display import diagram

    output.say(network.summary())
    output.picture(diagram(network), "network.png")


def learn(
    network: Sequential,
    x: np.ndarray,
    y: np.ndarray,
    training: recipes.Training,
    rng: np.random.Generator,
    output: report.Output,
) -> tuple[History, float]:
    """Step 6: train, a line an epoch; returns the history and the seconds it took."""
    from mininet.display import curves

    started = time.perf_counter()

    def report_epoch(history: History) -> None:
        seconds = time.perf_counter() - started
        output.say(report.epoch_line(history, training.epochs, seconds))

    history = training.fit(network, x, y, rng, report_epoch)
    seconds = time.perf_counter() - started
    output.picture(curves(history), "curves.png")
    return history, seconds


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
    from mininet.display import curves, diagram

    recipe = Improved()
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        folds = find_folds(dataset.names, dataset.labels, seed=options.seed)
        views, feature_seconds = hear_views(dataset, recipe, output)

        started = time.perf_counter()
        n_classes, labels = len(dataset.classes), dataset.labels
        chosen = evaluation.choose(recipe, views, labels, n_classes, folds.of, options.seed)
        ensemble, learnt = evaluation.learn(recipe, chosen, views, labels, n_classes, options.seed)
        training_seconds = time.perf_counter() - started
        ensemble.metadata = models.improved_metadata(dataset.classes, recipe, chosen)
        for network, curve in zip(ensemble.networks, learnt, strict=True):
            output.say(f"network for {curve.network}, chosen by cross-validation")
            output.say(network.summary())
            output.picture(diagram(network, title=curve.network), f"network_{curve.network}.png")
            output.picture(curves(curve.train), f"curves_{curve.network}.png")
            output.history(curve.train, f"history_{curve.network}.csv")
        p = ensemble.predict_proba([views[k] for k in chosen])
        matrix = confusion_matrix(labels, p.argmax(axis=1), n_classes)
        scores = cross_entropy(p, labels), accuracy(labels, p.argmax(axis=1))
        results = draw_answers(matrix, scores, dataset.classes, output, options.normalize)
        seconds = {"features": feature_seconds, "training": training_seconds}
        output.json(results | facts(options, recipe, seconds), "metrics.json")
        output.model(ensemble, "model.npz")
        output.show()


def cross_validate(options: argparse.Namespace) -> None:
    """How good a recipe is on clips that it has not learnt from: fold by fold, seed by seed."""
    recipe = recipe_of(options)
    with report.output_folder(options.out) as folder:
        output = report.Output(folder, show=options.show, quiet=options.quiet)
        dataset = find_clips(options, output)
        folds = find_folds(dataset.names, dataset.labels, options.folds, options.seed)
        output.say(f"{len(folds.numbers)} folds: {KINDS[folds.kind]}")
        views, feature_seconds = hear_views(dataset, recipe, output)

        started = time.perf_counter()
        seeds = range(options.seed, options.seed + options.repeats)
        trials: list[evaluation.Trial] = []
        for trial in evaluation.cross_validate(recipe, views, dataset.labels, folds, seeds):
            trials.append(trial)
            if trial.seed == seeds[-1]:
                output.say(held_out.fold_line(trials[-len(seeds) :], recipe))
        seconds = {"features": feature_seconds, "training": time.perf_counter() - started}

        result = held_out.HeldOut(trials, folds, seeds, dataset)
        figures = held_out.tell(result, output, options.normalize)
        results = {"held_out": figures, "classes": dataset.classes}
        output.json(results | facts(options, recipe, seconds), "metrics.json")
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


def facts(
    options: argparse.Namespace, recipe: evaluation.Recipe, seconds: dict[str, float]
) -> dict[str, Any]:
    """What a run of a recipe depended on, and how long it took."""
    asked = {"data": options.data, "recipe": recipe.name, "seed": options.seed}
    if options.cv:
        asked |= {"folds": options.folds, "repeats": options.repeats}
    return {
        "settings": asked | asdict(recipe),  # type: ignore[call-overload]
        "versions": {"ssc": __version__, **report.versions()},
        "seconds": seconds,
    }


def predict(options: argparse.Namespace) -> None:
    """For each clip the three likeliest classes, by a model that train has written."""
    model = models.read_model(options.model)
    answers = [model.predict_proba(read_clip(path).signal) for path in options.clips]
    for path, probabilities in zip(options.clips, answers, strict=True):
        print(path)
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
    return tqdm(items, desc=description, unit="clip", mininterval=0.5, disable=quiet)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line -> the exit code: 0, 2 after bad input, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments, __version__)
    if not getattr(options, "show", False):
        matplotlib.use("Agg")  # draws into memory: no display is needed
    commands = {"train": train, "predict": predict, "explain": explain, "scenes": write_scenes}
    command = commands[options.command]
    if options.command == "train" and options.cv:
        command = cross_validate
    elif options.command == "train" and options.recipe == Improved.name:
        command = train_improved
    try:
        command(options)
    except KeyboardInterrupt:
        print("ssc: interrupted", file=sys.stderr)
        return 130
    except ValueError as error:
        print(f"ssc: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"ssc: {where}{error.strerror or error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
