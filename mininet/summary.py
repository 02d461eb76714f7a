"""The summary: what a network is made of, as a table.

Before it: training.py. After it: network.py, which prints itself this way. Chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence

from .layers import Layer


def shapes(layers: Sequence[Layer]) -> list[tuple[int | None, int | None]]:
    """(inputs, outputs) of each layer, as far as a layer says so: before the first that does stands
    what it takes, after the last what it gives, and None where none does."""
    width = next((layer.n_in for layer in layers if layer.n_in is not None), None)
    pairs = []
    for layer in layers:
        n_out = width if layer.n_out is None else layer.n_out
        pairs.append((width, n_out))
        width = n_out
    return pairs


def summary(layers: Sequence[Layer]) -> str:
    """A row for each layer, as Keras prints it: its name, output shape and number of parameters."""
    counts: dict[str, int] = {}
    rows = [("Layer (type)", "Output shape", "Parameters")]
    sizes = [sum(param.size for param in layer.params) for layer in layers]
    for layer, (_, n_out), size in zip(layers, shapes(layers), sizes, strict=True):
        kind = type(layer).__name__
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind.lower()}_{counts[kind]} ({kind})"
        rows.append((name, f"(None, {n_out})", f"{size:,}"))
    width = max(29, *(len(name) + 1 for name, _, _ in rows))
    line, double = "_" * (width + 36), "=" * (width + 36)
    head, *body = [f"{name:<{width}}{shape:<26}{size:>10}" for name, shape, size in rows]
    total = f"Total parameters: {sum(sizes):,}"
    return "\n".join([line, head, double, *body, double, total, line])
