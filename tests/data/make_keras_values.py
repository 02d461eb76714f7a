"""Make keras_values.npz: Keras 3 trained on the peer problem, epoch by epoch, in float32.

Run with Keras 3 and a backend of it installed (made with Keras 3.15 on TensorFlow 2.21):
    pip install tensorflow-cpu && python -m tests.data.make_keras_values
"""

from pathlib import Path

import keras
import numpy as np

from tests.mininet.peer_problem import BATCH_SIZE, RUNS, SIZES, flat, problem, unflat


def trained(
    given: dict[str, np.ndarray], rate: float, decay: float, momentum: float
) -> dict[str, np.ndarray]:
    """The parameters after each epoch (12, 680), and Keras' own log of loss and accuracy."""
    model = keras.Sequential(
        [
            keras.Input((SIZES[0],)),
            keras.layers.Dense(SIZES[1], activation="sigmoid"),
            keras.layers.Dense(SIZES[2]),
            keras.layers.LeakyReLU(negative_slope=0.3),
            keras.layers.Dense(SIZES[3], activation="relu"),
            keras.layers.Dense(SIZES[4], activation="softmax"),
        ]
    )
    model.set_weights(unflat(given["start"]))
    schedule = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    model.compile(
        keras.optimizers.SGD(learning_rate=schedule, momentum=momentum),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    y = keras.utils.to_categorical(given["y"], SIZES[-1])
    weights, loss, accuracy = [], [], []
    for order in given["orders"]:
        log = model.fit(
            given["x"][order], y[order], batch_size=BATCH_SIZE, shuffle=False, verbose=0
        ).history
        weights.append(flat(model.get_weights()))
        loss += log["loss"]
        accuracy += log["accuracy"]
    return {"weights": np.stack(weights), "loss": np.array(loss), "accuracy": np.array(accuracy)}


if __name__ == "__main__":
    given = problem()
    values = {
        f"{run}_{name}": array
        for run, options in RUNS.items()
        for name, array in trained(given, *options).items()
    }
    np.savez_compressed(Path(__file__).with_name("keras_values.npz"), **given, **values)  # type: ignore[arg-type]
