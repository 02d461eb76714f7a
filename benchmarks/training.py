"""The reference training by each library: 6513-500-500-500-10, batches of 40, a decaying rate.

A function of this file takes arrays, among them the features x (n, d) and labels y (n,), and
returns a function of the number of epochs. What is compiled is compiled in its first call.
"""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

BATCH, RATE, DECAY, SLOPE, HIDDEN = 40, 0.01, 0.9, 0.3, 500
Arrays = Mapping[str, np.ndarray]
Train = Callable[[int], object]


def ours(given: Arrays, gram: bool) -> Train:
    """mininet, in the Gram form or plain."""
    from mininet import SGD, Dense, LeakyReLU, ReLU, Sequential, Sigmoid
    from mininet.fast import gram_form

    x, y, rng = given["x"], given["y"], np.random.default_rng(0)
    first, second, third, last = (Dense(n, m, rng=rng) for n, m in sizes(x, y))
    layers = [first, Sigmoid(), second, LeakyReLU(SLOPE), third, ReLU(), last]
    initial = Sequential(layers)

    def train(epochs: int) -> None:
        network, settings = copy.deepcopy(initial), (y, epochs, BATCH, SGD(RATE, DECAY), rng)
        if not gram:
            network.fit(x, *settings)
            return
        with gram_form(network, x) as form:
            form.fit(form.rows, *settings)

    return train


def sizes(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
    """The inputs and outputs of the four layers."""
    return [(x.shape[1], HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, int(y.max()) + 1)]


def with_jax(given: Arrays) -> Train:
    """JAX: an epoch is one compiled scan over its batches; the arrays are updated in place."""
    import jax
    import jax.numpy as jnp

    x, y, rng = given["x"], given["y"], np.random.default_rng(0)
    activations = [jax.nn.sigmoid, partial(jax.nn.leaky_relu, negative_slope=SLOPE), jax.nn.relu]
    initial = []
    for n, m in sizes(x, y):
        W = rng.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m))
        initial.append((jnp.asarray(W, "float32"), jnp.zeros(m, "float32")))

    def loss(params: Any, a: Any, targets: Any) -> Any:
        for (W, b), f in zip(params, [*activations, jax.nn.log_softmax], strict=True):
            a = f(a @ W + b)
        hits = (a.argmax(axis=1) == targets).sum()
        return -jnp.take_along_axis(a, targets[:, None], axis=1).mean(), hits

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, x: Any, y: Any, batches: Any) -> Any:
        def update(state: Any, rows: Any) -> Any:
            params, t = state
            reported, grads = jax.value_and_grad(loss, has_aux=True)(params, x[rows], y[rows])
            rate = RATE / (1 + DECAY * t)
            return (jax.tree.map(lambda p, g: p - rate * g, params, grads), t + 1), reported

        return jax.lax.scan(update, state, batches)

    arrays = jnp.asarray(x), jnp.asarray(y)

    def train(epochs: int) -> None:
        state: Any = jax.tree.map(jnp.array, initial), jnp.zeros(())
        for _ in range(epochs):
            state, reported = epoch(state, *arrays, rng.permutation(len(x)).reshape(-1, BATCH))
        jax.block_until_ready((state, reported))

    return train


def with_torch(given: Arrays, mode: str) -> Train:
    """PyTorch, the data in memory: with the loop of its tutorials ("eager"), or with gradient and
    update compiled ("compiled")."""
    import torch
    from torch import nn

    x, y = given["x"], given["y"]
    linear = [nn.Linear(n, m) for n, m in sizes(x, y)]
    activations = [nn.Sigmoid(), nn.LeakyReLU(SLOPE), nn.ReLU()]
    model = nn.Sequential(*(f for pair in zip(linear, activations, strict=False) for f in pair))
    model.append(linear[-1])
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    criterion = nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    params = dict(model.named_parameters())

    def loss(params: Any, x: Any, y: Any) -> Any:
        return criterion(torch.func.functional_call(model, params, (x,)), y)

    @torch.compile
    def compiled(x: Any, y: Any, rate: Any) -> None:
        for name, gradient in torch.func.grad(loss)(params, x, y).items():
            params[name].data.sub_(rate * gradient)

    def eager(x: Any, y: Any, rate: Any) -> None:
        optimizer.param_groups[0]["lr"] = rate.item()
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    update, counter = {"eager": eager, "compiled": compiled}[mode], itertools.count()

    def train(epochs: int) -> None:
        for _ in range(epochs):
            for rows, t in zip(torch.randperm(len(x)).split(BATCH), counter, strict=False):
                update(inputs[rows], targets[rows], torch.tensor(RATE / (1 + DECAY * t)))

    return train


def keras_network(n_inputs: int, n_classes: int, **options: Any) -> Any:
    """The network and its optimizer in Keras 3, which has renamed its decay."""
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((n_inputs,)),
            keras.layers.Dense(HIDDEN, activation="sigmoid"),
            keras.layers.Dense(HIDDEN),
            keras.layers.LeakyReLU(negative_slope=SLOPE),
            keras.layers.Dense(HIDDEN, activation="relu"),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )
    rate = keras.optimizers.schedules.InverseTimeDecay(RATE, decay_steps=1, decay_rate=DECAY)
    optimizer = keras.optimizers.SGD(rate)
    loss = "categorical_crossentropy"
    model.compile(loss=loss, optimizer=optimizer, metrics=["accuracy"], **options)
    return model


def with_keras(given: Arrays, backend: str, **options: Any) -> Train:
    """Keras 3 on a backend, with options of compile."""
    os.environ["KERAS_BACKEND"] = backend
    import keras

    x, targets = given["x"], keras.utils.to_categorical(given["y"])
    model = keras_network(x.shape[1], targets.shape[1], **options)
    return lambda epochs: model.fit(x, targets, epochs=epochs, batch_size=BATCH, verbose=0)


def with_sklearn(given: Arrays) -> Train:
    """scikit-learn's MLPClassifier: one activation for all layers, the same operations."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    settings = {"activation": "logistic", "solver": "sgd", "alpha": 0, "batch_size": BATCH}
    settings |= {"learning_rate": "invscaling", "learning_rate_init": RATE, "momentum": 0}
    settings |= {"nesterovs_momentum": False, "tol": 0, "n_iter_no_change": 1000}
    x, y, hidden = given["x"], given["y"], (HIDDEN,) * 3
    return lambda epochs: MLPClassifier(hidden, max_iter=epochs, **settings).fit(x, y)


def of_noise(_: Arrays, n: int) -> Train:
    """Our training in the Gram form on n random examples."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, 6513)).astype(np.float32), rng.integers(0, 10, n)
    return ours({"x": x, "y": y}, gram=True)


def extraction(given: Arrays, jobs: int | None = None) -> Train:
    """The extraction of n clips, the recordings again and again; None: one process per core."""
    from dataclasses import replace

    from experiment.data import scan
    from experiment.extract import default_n_jobs, extract_features, workers
    from experiment.recipes import Reference

    folder, views = str(given["category"]), Reference().views
    dataset = scan(folder)

    def extract(n: int) -> None:
        names = [dataset.names[i % len(dataset)] for i in range(n)]
        sources = [f"{folder}/{name}" for name in names]
        with workers(jobs or default_n_jobs(n)) as executor:
            extract_features(replace(dataset, names=names, sources=sources), views, executor)

    return extract


EXAMPLES = (200, 400, 800, 1600)
CONTESTANTS: dict[str, Callable[[Arrays], Train]] = {
    "mininet, Gram form": partial(ours, gram=True),
    "mininet, plain fit": partial(ours, gram=False),
    "JAX, scan": with_jax,
    "torch, eager": partial(with_torch, mode="eager"),
    "torch, compiled": partial(with_torch, mode="compiled"),
    "Keras on TensorFlow": partial(with_keras, backend="tensorflow", jit_compile=False),
    "Keras on TensorFlow, XLA": partial(with_keras, backend="tensorflow", jit_compile=True),
    "Keras on JAX, 10 steps a call": partial(with_keras, backend="jax", steps_per_execution=10),
    "scikit-learn": with_sklearn,
    **{f"mininet, {n} examples": partial(of_noise, n=n) for n in EXAMPLES},
    "extraction, 1 process": partial(extraction, jobs=1),
    "extraction, 2 workers": partial(extraction, jobs=2),
    "extraction, all cores": extraction,
}
