"""Features to classes: a small neural network, its gradients and its optimizer, written out.

Read the files in the order of the imports below; each uses only what stands above it.
"""

# isort: off
from .layers import Dense, Layer
from .normalization import Normalization
from .activations import LeakyReLU, ReLU, Sigmoid
from .dropout import Dropout
from .losses import SoftmaxCrossEntropy, cross_entropy, one_hot, softmax
from .checking import gradient_check
from .optimizers import SGD
from .metrics import accuracy, confusion_matrix, precision_recall_f1, wilson_interval
from .training import DivergenceError, History
from .network import Sequential
from .ensemble import Ensemble, window_proba, windows_of
# isort: on

__all__ = [
    "SGD",
    "Dense",
    "DivergenceError",
    "Dropout",
    "Ensemble",
    "History",
    "Layer",
    "LeakyReLU",
    "Normalization",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "accuracy",
    "confusion_matrix",
    "cross_entropy",
    "gradient_check",
    "one_hot",
    "precision_recall_f1",
    "softmax",
    "wilson_interval",
    "window_proba",
    "windows_of",
]
