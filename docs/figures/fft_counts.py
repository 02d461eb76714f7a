"""Multiplications of one DFT: by the definition, and split into prime factors."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREY, RED


def prime_factors(n: int) -> list[int]:
    """The primes whose product is n, smallest first."""
    p = next((d for d in range(2, int(n**0.5) + 1) if n % d == 0), n)
    return [p] if p == n else [p, *prime_factors(n // p)]


def draw() -> Figure:
    """N² against N·Σp for N = 2 … 1100: a dot for every length."""
    n = np.arange(2, 1101)
    split = np.array([i * sum(prime_factors(int(i))) for i in n])
    fig, ax = plt.subplots(figsize=(8, 5))
    ax.plot(n, n**2, color=GREY, label="definition: N²")
    ax.scatter(n, split, s=7, color=BLUE, label="FFT: N × sum of its prime factors")
    for text, length, at in (
        ("N = 1009, a prime", 1009, (500, 2e6)),
        ("N = 882 = 2 · 3² · 7²", 882, (650, 1.5e3)),
        ("N = 1024 = 2¹⁰", 1024, (980, 1.5e3)),
    ):
        point = (length, split[length - 2])
        ax.plot(*point, "o", color=RED, markersize=8)
        line = {"arrowstyle": "-", "color": RED}
        ax.annotate(text, point, at, ha="center", arrowprops=line)
    ax.set(xlabel="length N, samples", ylabel="complex multiplications per transform", yscale="log")
    ax.set(xlim=(0, 1120), ylim=(3, 5e6))
    ax.legend(loc="lower center", frameon=False)
    return fig
