"""Model files: what a recipe has learnt, and all that predict needs to use it.

Before it: evaluation.py. After it: report.py. Chapter 13.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mininet import Ensemble

from .improved import Improved
from .recipes import Features


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
        views = self.features.views(signal)
        return self.ensemble.predict_proba([views[k][None] for k in self.chosen])[0]


def improved_metadata(
    classes: list[str], recipe: Improved, chosen: tuple[int, ...]
) -> dict[str, Any]:
    """What a model file of the improved recipe must know beside its weights; recipes.metadata is
    the reference's."""
    settings = asdict(recipe)
    return {"recipe": recipe.name, "classes": classes, "features": settings, "chosen": chosen}


def read_model(path: str) -> Model:
    """The model that ssc wrote. ValueError: it is none, or of a recipe unknown here."""
    ensemble = Ensemble.load(path)
    kinds = {"reference": Features, "improved": Improved}
    try:
        features = kinds[ensemble.metadata["recipe"]](**ensemble.metadata["features"])
        classes = [str(name) for name in ensemble.metadata["classes"]]
    except (KeyError, TypeError):
        raise ValueError(
            f"{path} says nothing of classes and features: ssc did not write it"
        ) from None
    return Model(ensemble, classes, features, ensemble.metadata.get("chosen", [0]))
