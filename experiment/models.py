"""Model files: what a recipe has learnt, and all that predict needs to use it.

Before it: evaluation.py. After it: report.py. Chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mfcc.audio import DURATION, SAMPLE_RATE
from mininet import Ensemble

from .improved import Improved
from .recipes import Features, Reference

N_BINS = SAMPLE_RATE // 50 // 2 + 1  # of a frame of 20 ms; more mel bands than bins would be empty


@dataclass(frozen=True)
class Model:
    """A trained recipe: features, its settings, give the views that the ensemble hears, of which
    chosen are used."""

    ensemble: Ensemble
    classes: list[str]
    features: Features | Improved
    chosen: list[int]

    def predict_proba(self, signal: np.ndarray) -> np.ndarray:
        """signal (n_samples,) at 44.1 kHz -> the probability of each class, (n_classes,)."""
        return self.answer(self.features.views(signal))

    def answer(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """The same for what the recipe's networks hear of the signal."""
        return self.ensemble.predict_proba([views[k][None] for k in self.chosen])[0]


def improved_metadata(
    classes: list[str], recipe: Improved, chosen: Sequence[int]
) -> dict[str, Any]:
    """What a model file of the improved recipe must know beside its weights; recipes.metadata is
    the reference's."""
    settings = asdict(recipe)
    return {"recipe": recipe.name, "classes": classes, "features": settings, "chosen": chosen}


def read_model(path: str) -> Model:
    """The model that ssc wrote.

    ValueError: another file, settings or classes that are missing, of the wrong type or of no
    sense, or a network that takes or gives another number of values than they say.
    OSError: no file.
    """
    ensemble = Ensemble.load(path)
    try:
        return _model(ensemble)
    except ValueError as error:
        raise ValueError(f"{path} is not a model that ssc wrote: {error}") from None


def _model(ensemble: Ensemble) -> Model:
    metadata = ensemble.metadata
    if not isinstance(metadata, dict):
        raise ValueError("its metadata are no dictionary")
    classes, features = _classes(metadata), _settings(metadata)
    chosen = _chosen(metadata, len(features.widths))
    widths = [features.widths[k] for k in chosen]
    expected = [(width, len(classes)) for width in widths]
    found = [(network.shapes()[0][0], network.shapes()[-1][1]) for network in ensemble.networks]
    if found != expected:
        raise ValueError(f"its networks are {found} values wide; the settings need {expected}")
    _refuse_absurd(features)
    return Model(ensemble, classes, features, chosen)


def _refuse_absurd(features: Features | Improved) -> None:
    """With settings of sense silence has finite views; a floor of 0 would give log(0)."""
    with np.errstate(all="ignore"):
        views = features.views(np.zeros(round(DURATION * SAMPLE_RATE), np.float32))
    if not all(np.isfinite(view).all() for view in views):
        raise ValueError(f"with {features} what is heard of silence is not finite")


def _classes(metadata: dict[str, Any]) -> list[str]:
    names = metadata.get("classes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"classes={names!r} must be a list of names")
    return names


def _chosen(metadata: dict[str, Any], n_networks: int) -> list[int]:
    """Which of the recipe's networks are there; older files of one network do not say."""
    chosen = metadata.get("chosen", [0])
    numbers = isinstance(chosen, list) and all(type(k) is int for k in chosen)
    if not numbers or not set(chosen) <= set(range(n_networks)):
        raise ValueError(f"chosen={chosen!r} must be numbers of the recipe's {n_networks} networks")
    return chosen


def _settings(metadata: dict[str, Any]) -> Features | Improved:
    """The recipe's settings, each as _setting has it."""
    kinds: dict[Any, type[Features] | type[Improved]]
    kinds = {Reference.name: Features, Improved.name: Improved}
    recipe, settings = metadata.get("recipe"), metadata.get("features")
    if not isinstance(recipe, str) or recipe not in kinds:
        raise ValueError(f"recipe={recipe!r} must be one of {', '.join(kinds)}")
    defaults = asdict(kinds[recipe]())
    if not isinstance(settings, dict) or set(settings) != set(defaults):
        raise ValueError(f"features={settings!r} must give {', '.join(defaults)}")
    settings = {name: _setting(name, settings[name], defaults[name]) for name in defaults}
    if settings.get("n_mels", 1) > N_BINS:  # before anything of that size is computed
        raise ValueError(f"n_mels={settings['n_mels']} must be at most {N_BINS}, a frame's bins")
    return kinds[recipe](**settings)


def _setting(name: str, value: Any, default: Any) -> Any:
    """The value as its default's type: of it, or whole where that is float; finite, not < 0."""
    try:
        whole = type(value) is int and type(default) is float
        if (whole or type(value) is type(default)) and 0 <= float(value) < np.inf:
            return type(default)(value)
    except OverflowError:  # JSON's whole numbers know no bounds, a float does
        pass
    raise ValueError(f"{name}={value!r} must be a setting such as {default!r}")
