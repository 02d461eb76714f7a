"""Measure what a microphone changes: the held-out accuracy on altered clips, see chapter 16.

    python -m docs.studies.robustness FOLDER            FOLDER/<class>/<fold>-<recording>-<take>.wav
    python -m docs.studies.robustness FOLDER FOREIGN    and recordings from elsewhere

Writes docs/robustness.json and prints its tables. Each of the five official folds is the test set
of networks trained on the other four, with three seeds; only the tested clips are altered. FOREIGN
has folders of the same classes, and may have one named none with other sounds. Takes about ten
minutes on one core.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, sosfilt

from experiment import augment, prediction
from experiment.data import Dataset, read_clip, recordings, scan
from experiment.evaluate import Choice, Features, choose_networks, cross_validate, metrics, prepare
from experiment.folds import Folds, find_folds
from experiment.recipes import Improved, Model, Recipe, Reference, stack_views
from mfcc import fast, power_to_db
from mfcc.audio import SAMPLE_RATE

OUTPUT = Path(__file__).parents[1] / "robustness.json"
SEEDS = range(3)
AUDIBLE = 40.0  # dB below the loudest second of a clip


@dataclass(frozen=True)
class Before(Improved):
    """The recipe without what this study is about: absolute levels, silence at both ends, no copies
    and no rhythms."""

    copies: int = 0
    epochs: int = 60

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """signal (n_samples,) at 44.1 kHz -> [(1, 200), (9, 320)]."""
        mel = fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=self.n_mels)
        log_mel = power_to_db(mel, top_db=self.top_db)
        return [self.clip_view(log_mel), self.window_view(log_mel)]


RECIPES: dict[str, Recipe] = {"reference": Reference(), "before": Before(), "after": Improved()}


def gain(x: np.ndarray, decibels: float) -> np.ndarray:
    """A change of the level, then clipping and rounding to 16 bits."""
    return np.round(np.clip(x * 10 ** (decibels / 20), -1, 1) * 2**15).astype(np.float32) / 2**15


def noisy(x: np.ndarray, rng: Generator, pink: bool) -> np.ndarray:
    """White or pink noise 10 dB below the clip."""
    noise = augment.pink_noise(len(x), rng) if pink else rng.standard_normal(len(x))
    return augment.add_noise(x, noise, 10.0)


def telephone(x: np.ndarray) -> np.ndarray:
    """The band from 300 to 3400 Hz."""
    return sosfilt(butter(4, (300, 3400), "band", fs=SAMPLE_RATE, output="sos"), x)


Alteration = Callable[[np.ndarray, Generator], np.ndarray]
ALTERATIONS: dict[str, Alteration] = {
    "none": lambda x, rng: x,
    "20 dB quieter": lambda x, rng: gain(x, -20),
    "40 dB quieter": lambda x, rng: gain(x, -40),
    "20 dB louder, clipped": lambda x, rng: gain(x, 20),
    "sample rate of 16 kHz": lambda x, rng: augment.limit_band(x, 16000),
    "sample rate of 8 kHz": lambda x, rng: augment.limit_band(x, 8000),
    "300 to 3400 Hz only": lambda x, rng: telephone(x),
    "white noise at 10 dB": lambda x, rng: noisy(x, rng, pink=False),
    "pink noise at 10 dB": lambda x, rng: noisy(x, rng, pink=True),
    "1 s of silence before": lambda x, rng: np.pad(x, (SAMPLE_RATE, 0))[: len(x)],
    "loudest 2 s, then silence": lambda x, rng: augment.loudest_part(x, 2.0),
    "loudest 1 s, then silence": lambda x, rng: augment.loudest_part(x, 1.0),
    "loudest 0.5 s, then silence": lambda x, rng: augment.loudest_part(x, 0.5),
}


def train(recipe: Recipe, choice: Choice, features: Features, seed: int) -> Model:
    """A model of the chosen networks."""
    networks = {}
    for k in choice.networks:
        networks[k], x, y, rng = prepare(recipe, k, features, seed)
        recipe.fit(networks[k], x, y, rng)
    return Model(recipe, features.classes, networks, choice.exponent, choice.threshold)


def train_on_folds(recipe: Recipe, features: Features, folds: Folds) -> dict[int, list[Model]]:
    """For each fold one model per seed, trained on the other folds with all networks."""
    choice = Choice(range(len(features.examples)))
    others = {fold: features.only(folds.fold_of != fold) for fold in folds.numbers}
    return {
        fold: [train(recipe, choice, part, seed) for seed in SEEDS] for fold, part in others.items()
    }


def altered(dataset: Dataset, folds: Folds, name: str, models: dict[int, list[Model]]) -> float:
    """The held-out accuracy, if all tested clips are altered."""
    right, recipe = [], models[1][0].recipe
    for fold, trained in models.items():
        clips = np.flatnonzero(folds.fold_of == fold).tolist()
        signals = [dataset.read(i).signal for i in clips]
        alter = ALTERATIONS[name]
        sounds = [alter(x, np.random.default_rng(i)) for i, x in zip(clips, signals, strict=True)]
        views = stack_views([recipe.views(x.astype(np.float32)) for x in sounds])
        for model in trained:
            right.append(model.predict_proba(views).argmax(axis=1) == dataset.labels[clips])
    return float(np.mean(np.concatenate(right)))


def timeline(dataset: Dataset, folds: Folds, models: dict[int, list[Model]]) -> dict[str, float]:
    """The proportion of seconds with the right answer in fifteen files of twelve held-out clips,
    in all seconds and in the audible ones."""
    rng, right, audible = np.random.default_rng(0), list[bool](), list[bool]()
    with tempfile.TemporaryDirectory() as folder:
        import soundfile

        for fold in [fold for fold in models for _ in range(3)]:
            clips = rng.permutation(np.flatnonzero(folds.fold_of == fold))[:12]
            sound = np.concatenate([dataset.read(i).signal for i in clips])
            soundfile.write(f"{folder}/minute.wav", sound, SAMPLE_RATE)
            spans = prediction.predict_recording(models[fold][0], f"{folder}/minute.wav").spans
            names = [next(s.name for s in spans if t + 0.5 < s.end) for t in range(60)]
            truth = np.repeat([dataset.classes[dataset.labels[i]] for i in clips], 5)
            right += [name == true for name, true in zip(names, truth, strict=True)]
            power = np.mean(sound.reshape(12, 5, -1) ** 2, axis=2)
            loudest = power.max(axis=1, keepdims=True)
            audible += (power >= loudest * 10 ** (-AUDIBLE / 10)).ravel().tolist()
    return {"all": float(np.mean(right)), "audible": float(np.mean(np.array(right)[audible]))}


def calibration(recipe: Recipe, features: Features, folds: Folds) -> dict:
    """The held-out accuracy, calibration error, reliability and sure answers of --cv."""
    of_folds = cross_validate(recipe, features, folds, SEEDS)
    trials = [trial for of_fold in of_folds for trial in of_fold]
    found = metrics(trials, folds, features)
    keys = "mean", "calibration_error", "reliability", "sure", "chosen"
    return {key: found[key] for key in keys}


def foreign(folder: str, features: Features, folds: Folds) -> dict[str, dict[str, float]]:
    """Models trained on all clips, tested on recordings from elsewhere: the proportion right, the
    same 20 dB quieter, and "unsure" for these and for other sounds."""
    paths = {name: recordings([f"{folder}/{name}"])[0] for name in features.classes}
    if (Path(folder) / "none").is_dir():
        paths["none"] = recordings([f"{folder}/none"])[0]
    truth = np.array([name for name, files in paths.items() for _ in files])
    signals = [read_clip(path).signal for files in paths.values() for path in files]
    known, result = truth != "none", {}
    recipe = RECIPES["after"]
    choice = choose_networks(recipe, features, folds.fold_of, 0)
    for what, decibels in (("as they are", 0.0), ("20 dB quieter", -20.0)):
        views, rows = stack_views([recipe.views(gain(x, decibels)) for x in signals]), []
        for seed in SEEDS:
            p = train(recipe, choice, features, seed).predict_proba(views)
            right = np.array(features.classes)[p.argmax(axis=1)] == truth
            unsure = p.max(axis=1) < (choice.threshold or 0)
            sure_right = right[known & ~unsure].mean()
            rows.append(
                [right[known].mean(), unsure[known].mean(), sure_right, unsure[~known].mean()]
            )
        names = ("right", "unsure", "right if not unsure", "other sounds unsure")
        result[what] = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    return {"recordings": {"known": int(known.sum()), "other": int((~known).sum())}, **result}


def rows(results: dict) -> list[str]:
    """The alterations as rows of the chapter's table."""
    table = results["alterations"].items()
    return [f"| {name} | {' | '.join(f'{row[r]:.3f}' for r in RECIPES)} |" for name, row in table]


def main(folder: str, *elsewhere: str) -> None:
    """Measure everything and write it."""
    dataset = scan(folder)
    folds = find_folds(dataset.names, dataset.labels)
    results: dict = {"alterations": {name: {} for name in ALTERATIONS}, "calibration": {}}
    for which, recipe in RECIPES.items():
        signals = (dataset.read(i).signal for i in range(len(dataset)))
        examples = stack_views([*map(recipe.examples, signals)])
        features = Features(examples, dataset.names, dataset.labels, dataset.classes)
        if which != "before":
            results["calibration"][which] = calibration(recipe, features, folds)
        models = train_on_folds(recipe, features, folds)
        for name, row in results["alterations"].items():
            row[which] = altered(dataset, folds, name, models)
            print(which, name, f"{row[which]:.3f}", flush=True)
    results["timeline"] = timeline(dataset, folds, models)  # of the last recipe
    print(results["timeline"], flush=True)
    if elsewhere:
        results["foreign"] = foreign(elsewhere[0], features, folds)
        print(results["foreign"])
    OUTPUT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
