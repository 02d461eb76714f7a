"""Checking a gradient: the derivative that backward claims against the one that can be measured.

Before it: losses.py. After it: optimizers.py, which trusts the gradients. Chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from .layers import Layer
from .losses import SoftmaxCrossEntropy

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # h² of truncation is eps/h of rounding


def gradient_check(
    layer: Layer, x: ArrayLike, *, rng: np.random.Generator, y: ArrayLike | None = None
) -> float:
    """(L(θ + h v) - L(θ - h v)) / 2h  ≈  ⟨∂L/∂θ, v⟩ for a random direction v, for each θ.

    layer: anything with forward, backward, params and grads, a whole network too; x (n, n_in).
    L is the cross-entropy of the outputs where labels y are given, else Σ R·out with a random R.
    θ runs over the input and each parameter, in float64; the parameters end as they began.

    Returns the largest |measured - claimed| / |∂L/∂θ|: about 1e-8 for a right gradient, 1e-3 for
    one that is off by 0.1 %. Keep inputs away from kinks: across one, no gradient is right.
    ValueError: parameters that are not float64.
    Source: Griewank and Walther (2008), Evaluating Derivatives, §3; the random direction as in
    autograd's test_util.
    Chapter 11.
    """
    x = np.array(x, dtype=np.float64)  # a copy: the check moves it
    if any(param.dtype != np.float64 for param in layer.params):
        raise ValueError("gradient_check needs float64 parameters: float32 hides small errors")
    weights = rng.standard_normal(layer.forward(x).shape)

    def loss_and_slope() -> tuple[float, np.ndarray]:
        out = layer.forward(x)
        if y is None:
            return float(np.sum(weights * out)), weights
        loss = SoftmaxCrossEntropy()
        return loss.forward(out, y), loss.backward()

    dx = layer.backward(loss_and_slope()[1])
    claimed = [dx, *(grad.copy() for grad in layer.grads)]
    return max(
        directional_error(lambda: loss_and_slope()[0], theta, gradient, rng)
        for theta, gradient in zip([x, *layer.params], claimed, strict=True)
    )


def directional_error(
    loss: Callable[[], float], theta: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
) -> float:
    """|measured - claimed| / |gradient| in one random direction v, |v|² = theta.size.

    loss() is computed from theta, which is moved in place and ends as it began. A claimed gradient
    of another shape than theta's, or one that holds NaN, is infinitely wrong.
    """
    if gradient.shape != theta.shape:
        return inf
    direction = rng.standard_normal(theta.shape)
    direction *= np.sqrt(theta.size) / np.linalg.norm(direction)  # each coordinate moves by about 1
    start = theta.copy()
    theta[...] = start + STEP * direction
    above = loss()
    theta[...] = start - STEP * direction
    below = loss()
    theta[...] = start
    measured, claimed = (above - below) / (2 * STEP), float(np.sum(gradient * direction))
    scale = max(float(np.linalg.norm(gradient)), abs(measured))
    error = abs(measured - claimed) / scale if scale else 0.0
    return error if np.isfinite(error) else inf
