"""Sound scene classification: from a folder of recordings to a trained network and its pictures.

`train` tells the whole story in the order of the published tutorial; below it stand the other
commands and, at the end, the command line. The mathematics is in mfcc/ and mininet/.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from tqdm import tqdm

from experiment import recipes, report, scenes
from experiment.dataset import Dataset, embedded, read_clip, scan
from experiment.options import parse
from mfcc.audio import SAMPLE_RATE
from mininet import History, Sequential, confusion_matrix, one_hot

__version__ = "0.1.0"

EMBEDDED = """No --data given: these are the embedded synthetic scenes.
For real recordings: ssc.py --data DIR, where DIR holds one folder of recordings a class."""
ON_TRAINING_SET = "measured on the training set: these are the clips the network has learnt from."


def train(options: argparse.Namespace) -> None:
    """From clips to a model and its pictures: the tutorial, start to end."""
    features = recipes.Features(options.n_mfcc, options.deltas)
    training = recipes.Training(
        options.epochs, options.batch_size, options.learning_rate, options.decay, options.seed
    )
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
        dataset = scan(options.data)
    output.say(report.class_table(dataset))
    return dataset


def listen(
    dataset: Dataset, features: recipes.Features, output: report.Output
) -> tuple[np.ndarray, float]:
    """Steps 2 and 3: read each clip and compute its MFCCs, (n_clips, n_rows, n_frames)."""
    started = time.perf_counter()
    bar = partial(progress_bar, description="reading, MFCC", quiet=output.quiet)
    coefficients, treated = recipes.extract(dataset, features, bar)
    for line in report.treatment_lines(treated, len(dataset)):
        output.say(line)
    output.say("features:", coefficients.shape)
    return coefficients, time.perf_counter() - started


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
    from mininet.display import confusion

    loss, accuracy = network.evaluate(x, labels)
    matrix = confusion_matrix(labels, network.predict(x), len(classes))
    output.picture(confusion(matrix, classes), "confusion.png")
    if normalize:
        output.picture(confusion(matrix, classes, normalize=True), "confusion_normalized.png")
    output.say(report.confusion_table(matrix, classes))
    output.say(report.score_table(matrix, classes))
    output.say(f"loss {loss:.4f}, accuracy {accuracy:.4f}, {ON_TRAINING_SET}")
    return {
        "train": {"loss": loss, "accuracy": accuracy},
        "classes": classes,
        "confusion": matrix.tolist(),
    }


def predict(options: argparse.Namespace) -> None:
    """For each clip the three likeliest classes, by a model that train has written."""
    network = Sequential.load(options.model)
    features, classes = recipes.settings_of(network, options.model)
    x = np.stack([features.of(read_clip(path).signal).ravel() for path in options.clips])
    for path, probabilities in zip(options.clips, network.predict_proba(x), strict=True):
        print(path)
        for c in np.argsort(-probabilities, kind="stable")[:3]:
            print(f"  {probabilities[c]:6.1%}  {classes[c]}")


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
    command = {"train": train, "predict": predict, "explain": explain, "scenes": write_scenes}
    try:
        command[options.command](options)
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
