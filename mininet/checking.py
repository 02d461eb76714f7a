"""The gradient checker: backward compared with a central difference. Chapter 11."""

from collections.abc import Callable
from math import inf

import numpy as np

from ._checks import ArrayLike, generator
from .layers import Layer
from .losses import SoftmaxCrossEntropy

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # balances truncation, h², and rounding, eps/h


def gradient_check(
    layer: Layer, x: ArrayLike, *, rng: np.random.Generator, y: ArrayLike | None = None
) -> float:
    """(L(θ + h v) - L(θ - h v)) / 2h  ≈  ⟨∂L/∂θ, v⟩ for a random direction v, for each θ.

    layer: any object with forward, backward, params and grads, including a whole network.
    x (n, n_in). L is the cross-entropy of the outputs if labels y are given, else Σ R·out with a
    random R. θ is the input and each parameter in turn, in float64; all are restored.

    Returns the largest |measured - claimed| / |∂L/∂θ|: about 1e-8 for a correct gradient, 1e-3 for
    one that is off by 0.1 %. Keep inputs away from kinks. ValueError: parameters not float64,
    an rng that is no generator.
    Source: Griewank and Walther (2008), Evaluating Derivatives, §3; the random direction as in
    autograd's test_util.
    """
    x = np.array(x, dtype=np.float64)  # a copy, perturbed below
    if any(param.dtype != np.float64 for param in layer.params):
        raise ValueError("gradient_check needs float64 parameters: float32 hides small errors")
    R, loss = generator(rng).standard_normal(layer.forward(x).shape), SoftmaxCrossEntropy()

    def measure() -> float:
        out = layer.forward(x)
        return float(np.sum(R * out)) if y is None else loss.forward(out, y)

    measure()
    dx = layer.backward(R if y is None else loss.backward())
    gradients = [dx, *(grad.copy() for grad in layer.grads)]
    pairs = zip([x, *layer.params], gradients, strict=True)
    return max(directional_error(measure, theta, gradient, rng) for theta, gradient in pairs)


def directional_error(
    loss: Callable[[], float], theta: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
) -> float:
    """|measured - claimed| / |gradient| in one random direction v, |v|² = theta.size.

    loss() depends on theta, which is perturbed in place and restored. The error is infinite if the
    gradient contains NaN or its shape differs from theta's.
    """
    if gradient.shape != theta.shape:
        return inf
    v = rng.standard_normal(theta.shape)
    v *= np.sqrt(theta.size) / np.linalg.norm(v)  # each coordinate moves by about 1
    start, losses = theta.copy(), []
    for step in (STEP, -STEP, 0):
        theta[...] = start + step * v
        losses.append(loss())
    measured, claimed = (losses[0] - losses[1]) / (2 * STEP), float(np.sum(gradient * v))
    scale = max(float(np.linalg.norm(gradient)), abs(measured))
    error = abs(measured - claimed) / scale if scale else 0.0
    return error if np.isfinite(error) else inf
