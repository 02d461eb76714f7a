"""python -m mininet: train on two spirals, which are not linearly separable."""

import numpy as np

from . import SGD, Dense, ReLU, Sequential, Sigmoid

N_PER_SPIRAL = 200
TURNS = 1.5


def spirals(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sample points on two interleaved spirals: x (400, 2) in the unit disk, y (400,) 0 or 1."""
    radius = np.sqrt(rng.uniform(0.01, 1, 2 * N_PER_SPIRAL))
    y = np.repeat([0, 1], N_PER_SPIRAL)
    angle = 2 * np.pi * TURNS * radius + np.pi * y
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points + rng.normal(0, 0.02, points.shape), y


def picture(network: Sequential, width: int = 49, height: int = 23) -> str:
    """Draw the decision regions as text, one character per point: the predicted class."""
    x, y = np.linspace(-1, 1, width), np.linspace(1, -1, height)
    rows = [network.predict(np.column_stack([x, np.full(width, level)])) for level in y]
    return "\n".join("".join(".#"[c] for c in row) for row in rows)


def main() -> None:
    """Train on the spirals, then print the accuracy on new points and the regions."""
    rng = np.random.default_rng(0)
    x, y = spirals(rng)
    layers = Dense(2, 32, rng), ReLU(), Dense(32, 32, rng), Sigmoid(), Dense(32, 2, rng)
    network = Sequential(layers)
    print(network.summary())
    history = network.fit(x, y, 200, 20, SGD(learning_rate=0.1, momentum=0.9), rng)
    for epoch in (1, 10, 50, 100, 200):
        loss, accuracy = history.loss[epoch - 1], history.accuracy[epoch - 1]
        print(f"epoch {epoch:3d}  loss {loss:.4f}  accuracy {accuracy:.3f}")
    loss, accuracy = network.evaluate(*spirals(rng))
    print(f"on 400 new points: loss {loss:.4f}, accuracy {accuracy:.3f}\n")
    print(picture(network))


if __name__ == "__main__":
    main()
