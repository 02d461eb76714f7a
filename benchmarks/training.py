"""Time the training of the reference network from given features, by one library.

    python -m benchmarks.training CONTESTANT FEATURES.npy EPOCHS ROUNDS

CONTESTANT is a key of CONTESTANTS; prints the seconds of each round. Each contestant runs in a
separate process, because the thread pools of several libraries in one process interfere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from mininet import SGD, Dense, LeakyReLU, ReLU, Sequential, Sigmoid
from mininet.fast import gram_form

GRAM, PLAIN = "mininet, Gram form", "mininet, plain fit"


def network(n_features: int, width: int, rng: np.random.Generator) -> Sequential:
    """The reference network; width is 500 there."""
    return Sequential(
        [
            Dense(n_features, width, rng=rng),
            Sigmoid(),
            Dense(width, width, rng=rng),
            LeakyReLU(0.3),
            Dense(width, width, rng=rng),
            ReLU(),
            Dense(width, 10, rng=rng),
        ]
    )


def with_gram_form(x: np.ndarray, y: np.ndarray, epochs: int, width: int = 500) -> None:
    """Our network, its first layer in the Gram form."""
    rng = np.random.default_rng(0)
    with gram_form(network(x.shape[1], width, rng), x) as form:
        form.fit(form.rows, y, epochs, 40, SGD(0.01, 0.9), rng)


def with_plain_fit(x: np.ndarray, y: np.ndarray, epochs: int, width: int = 500) -> None:
    """Our network with its plain fit."""
    rng = np.random.default_rng(0)
    network(x.shape[1], width, rng).fit(x, y, epochs, 40, SGD(0.01, 0.9), rng)


def with_keras(x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    """Keras 3 on TensorFlow."""
    import keras

    from benchmarks.tutorial import keras_network

    model = keras_network(x.shape[1], 10)
    model.fit(x, keras.utils.to_categorical(y), epochs=epochs, batch_size=40, verbose=0)


def with_torch(x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    """PyTorch with the training loop of its tutorials; the data are tensors in memory."""
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Linear(x.shape[1], 500),
        nn.Sigmoid(),
        nn.Linear(500, 500),
        nn.LeakyReLU(0.3),
        nn.Linear(500, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + 0.9 * t))
    criterion = nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(40):
            optimizer.zero_grad()
            criterion(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
            schedule.step()


def with_sklearn(x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    """scikit-learn's MLPClassifier: one activation for all layers, the same operations."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    model = MLPClassifier(
        (500, 500, 500),
        activation="logistic",
        solver="sgd",
        alpha=0,
        batch_size=40,
        learning_rate="invscaling",
        learning_rate_init=0.01,
        max_iter=epochs,
        momentum=0,
        nesterovs_momentum=False,
        tol=0,
        n_iter_no_change=epochs,
    )
    model.fit(x, y)


CONTESTANTS: dict[str, Callable[[np.ndarray, np.ndarray, int], None]] = {
    GRAM: with_gram_form,
    PLAIN: with_plain_fit,
    "keras": with_keras,
    "torch": with_torch,
    "sklearn": with_sklearn,
}


def main(name: str, path: str, epochs: int, rounds: int) -> None:
    """Warm up for one epoch, then run the rounds; print the seconds of each on a line."""
    x = np.load(path).reshape(400, -1).astype(np.float32)
    y = np.repeat(np.arange(10), 40)
    CONTESTANTS[name](x, y, 1)
    for _ in range(rounds):
        started = time.perf_counter()
        CONTESTANTS[name](x, y, epochs)
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
