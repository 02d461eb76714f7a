"""Model files of the program: what is missing, odd or does not fit is refused by one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import sounds
from tests.oracles import refusal

from experiment.improved import Improved
from experiment.models import improved_metadata, read_model
from experiment.recipes import Features, metadata, reference_network
from mininet import Dense, Ensemble, ReLU, Sequential

CLASSES = ["dog", "rain", "소리"]
SIGNAL = np.resize(sounds.hiss(0), 220500).astype(np.float32)


def reference() -> Sequential:
    """A small network that could be the reference's, with the metadata of it."""
    rng, features = np.random.default_rng(0), Features(n_mfcc=2)
    layers = [Dense(features.widths[0], 4, rng=rng), ReLU(), Dense(4, 3, rng=rng)]
    return Sequential(layers, metadata(CLASSES, features))


def improved(chosen: list[int]) -> Ensemble:
    """Untrained networks of the improved recipe."""
    recipe, rng = Improved(), np.random.default_rng(0)
    networks = [
        recipe.build(rng.standard_normal((5, recipe.widths[k])), len(CLASSES), rng) for k in chosen
    ]
    return Ensemble(networks, improved_metadata(CLASSES, recipe, chosen))


@pytest.mark.parametrize("chosen", [[0], [1], [0, 1], [1, 0]])
def test_a_model_of_the_improved_recipe_comes_back(chosen: list[int], tmp_path: Path) -> None:
    """Its classes, settings and chosen networks, and with them the same answers."""
    original = improved(chosen)
    original.save(tmp_path / "m.npz")
    model = read_model(str(tmp_path / "m.npz"))
    assert (model.classes, model.features, model.chosen) == (CLASSES, Improved(), chosen)
    views = [Improved().views(SIGNAL)[k][None] for k in chosen]
    expected = original.predict_proba(views)[0]
    np.testing.assert_array_equal(model.predict_proba(SIGNAL), expected)


def test_a_model_of_the_reference_comes_back(tmp_path: Path) -> None:
    """Its classes and settings, and with them the same answers."""
    reference().save(tmp_path / "m.npz")
    model = read_model(str(tmp_path / "m.npz"))
    assert (model.classes, model.features, model.chosen) == (CLASSES, Features(n_mfcc=2), [0])
    expected = reference().predict_proba(Features(n_mfcc=2).views(SIGNAL)[0])[0]
    np.testing.assert_allclose(model.predict_proba(SIGNAL), expected, rtol=1e-6)


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda kept: {key: value for key, value in kept.items() if key != name}


def having(**entries: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda kept: kept | entries


REFUSED = [
    (without("classes"), "classes=None must be a list of names"),
    (having(classes="dog"), "classes='dog' must be a list of names"),
    (having(classes=[1, 2, 3]), "classes=[1, 2, 3] must be a list of names"),
    (having(classes=["a", "b"]), "are [(1002, 3)] values wide; the settings need [(1002, 2)]"),
    (having(classes=[]), "are [(1002, 3)] values wide; the settings need [(1002, 0)]"),
    (without("recipe"), "recipe=None must be one of reference, improved"),
    (having(recipe="third"), "recipe='third' must be one of reference, improved"),
    (having(recipe=["reference"]), "recipe=['reference'] must be one of"),
    (having(recipe="improved"), "must give n_mels, top_db"),
    (without("features"), "features=None must give n_mfcc, deltas"),
    (having(features=[2, False]), "features=[2, False] must give n_mfcc, deltas"),
    (having(features={"n_mfcc": 2}), "features={'n_mfcc': 2} must give n_mfcc, deltas"),
    (having(features={"n_mfcc": 2, "deltas": False, "x": 1}), "must give n_mfcc, deltas"),
    (having(features={"n_mfcc": "2", "deltas": False}), "n_mfcc='2' must be a setting such as 13"),
    (having(features={"n_mfcc": 2.0, "deltas": False}), "n_mfcc=2.0 must be a setting such as 13"),
    (having(features={"n_mfcc": True, "deltas": False}), "n_mfcc=True must be a setting"),
    (having(features={"n_mfcc": 2, "deltas": 0}), "deltas=0 must be a setting such as False"),
    (having(features={"n_mfcc": -2, "deltas": False}), "n_mfcc=-2 must be a setting such as 13"),
    (having(features={"n_mfcc": 3, "deltas": False}), "the settings need [(1503, 3)]"),
    (having(features={"n_mfcc": 10**9, "deltas": False}), "the settings need [(501000000000, 3)]"),
    (having(chosen=[1]), "chosen=[1] must be numbers of the recipe's 1 networks"),
    (having(chosen=0), "chosen=0 must be numbers of the recipe's 1 networks"),
    (having(chosen=[0.0]), "chosen=[0.0] must be numbers of the recipe's 1 networks"),
    (having(chosen=[]), "are [(1002, 3)] values wide; the settings need []"),
    (having(chosen=[0, 0]), "the settings need [(1002, 3), (1002, 3)]"),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSED)
def test_metadata_that_do_not_fit_are_refused(
    change: Callable[[dict[str, Any]], dict[str, Any]], sentence: str, tmp_path: Path
) -> None:
    """Missing, of the wrong type, or of other widths than the network: one sentence that names
    the file and the entry."""
    network = reference()
    network.metadata = change(network.metadata)
    network.save(tmp_path / "m.npz")
    message = refusal(read_model, str(tmp_path / "m.npz"))
    assert message.startswith(f"{tmp_path / 'm.npz'} is not a model that ssc wrote: ")
    assert sentence in message and "\n" not in message


@pytest.mark.parametrize(
    "odd",
    [
        *({"window": 0}, {"window": 3}, {"hop": 0}, {"window": 10**9}),
        *({"silence": -1.0}, {"floor": float("inf")}, {"top_db": "60"}, {"n_mels": 10**9}),
    ],
)
def test_settings_of_the_improved_recipe_that_make_no_sense_are_refused(
    odd: dict[str, Any], tmp_path: Path
) -> None:
    """Of the right type but absurd: a sentence when the model is read, before a clip is heard."""
    model = improved([1])
    model.metadata["features"] = asdict(Improved()) | odd
    model.save(tmp_path / "m.npz")
    message = refusal(read_model, str(tmp_path / "m.npz"))
    assert message.startswith(f"{tmp_path / 'm.npz'} is not a model that ssc wrote: ")


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        *(({name: 10**400}, f"{name}=1000") for name in ("top_db", "floor", "silence", "hop")),
        *(({"floor": floor}, "silence is not finite") for floor in (0.0, 0, 1e-300, 1e300)),
        ({"n_mels": 443}, "n_mels=443 must be at most 442"),
    ],
)
def test_settings_that_no_float_or_no_frame_can_hold_are_refused(
    odd: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    """Whole numbers beyond the floats, floors that leave log(0) or log(inf), more bands than bins,
    which the width of the first network does not tell: a sentence."""
    model = improved([0])
    model.metadata["features"] = asdict(Improved()) | odd
    model.save(tmp_path / "m.npz")
    message = refusal(read_model, str(tmp_path / "m.npz"))
    assert message.startswith(f"{tmp_path / 'm.npz'} is not a model that ssc wrote: ")
    assert sentence in message and "\n" not in message


def test_a_whole_number_will_do_for_a_number(tmp_path: Path) -> None:
    """JSON of another program may write 60 for 60.0."""
    model = improved([0])
    model.metadata["features"] = asdict(Improved()) | {"top_db": 60}
    model.save(tmp_path / "m.npz")
    assert read_model(str(tmp_path / "m.npz")).features == Improved()


def test_the_published_network_is_a_model(tmp_path: Path) -> None:
    """13 MFCCs, 501 frames: 6513 values in, as many out as classes."""
    network = reference_network(6513, 3, np.random.default_rng(0))
    network.metadata = metadata(CLASSES, Features())
    network.save(tmp_path / "m.npz")
    assert read_model(str(tmp_path / "m.npz")).features == Features()
