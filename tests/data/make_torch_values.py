"""Make torch_values.npz: PyTorch trained on the peer problem, epoch by epoch, in float64.

Run with PyTorch installed (made with 2.13):
    pip install torch numpy && python -m tests.data.make_torch_values

Its momentum takes the rate outside the velocity (v ← m v + g, θ ← θ - lr v), which is Keras' and
ours only while the rate is constant: hence no run with both decay and momentum.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from tests.mininet.peer_problem import BATCH_SIZE, RUNS, SIZES, flat, problem, unflat


def trained(
    given: dict[str, np.ndarray], rate: float, decay: float, momentum: float
) -> dict[str, np.ndarray]:
    """The parameters after each epoch (12, 680), mean loss and accuracy of each epoch."""
    dense = [torch.nn.Linear(n, m, dtype=torch.float64) for n, m in pairwise(SIZES)]
    params = [param for layer in dense for param in (layer.weight, layer.bias)]
    with torch.no_grad():
        for param, value in zip(params, unflat(given["start"]), strict=True):
            param.copy_(torch.tensor(value.T))  # PyTorch keeps (n_out, n_in)
    activations = [torch.nn.Sigmoid(), torch.nn.LeakyReLU(0.3), torch.nn.ReLU()]
    layers = [layer for pair in zip(dense[:-1], activations, strict=True) for layer in pair]
    model = torch.nn.Sequential(*layers, dense[-1])
    optimizer = torch.optim.SGD(params, lr=rate, momentum=momentum)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))
    x, y = torch.tensor(given["x"], dtype=torch.float64), torch.tensor(given["y"])
    weights, loss, accuracy = [], [], []
    for order in torch.tensor(given["orders"]):
        total, n_right = 0.0, 0
        for rows in order.split(BATCH_SIZE):
            optimizer.zero_grad()
            logits = model(x[rows])
            mean = torch.nn.functional.cross_entropy(logits, y[rows])
            mean.backward()
            optimizer.step()
            schedule.step()
            total += float(mean.detach()) * len(rows)
            n_right += int((logits.argmax(dim=1) == y[rows]).sum())
        weights.append(flat([param.detach().numpy().T for param in params]))
        loss.append(total / len(order))
        accuracy.append(n_right / len(order))
    return {"weights": np.stack(weights), "loss": np.array(loss), "accuracy": np.array(accuracy)}


if __name__ == "__main__":
    given = problem()
    values = {
        f"{run}_{name}": array
        for run in ("plain", "constant")
        for name, array in trained(given, *RUNS[run]).items()
    }
    np.savez_compressed(Path(__file__).with_name("torch_values.npz"), **given, **values)  # type: ignore[arg-type]
