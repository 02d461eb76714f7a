"""Features to classes: a small neural network, its gradients and its optimizer, written out.

Read the files in the order of the imports below; each uses only what stands above it.
"""

# isort: off
from .layers import Dense, Layer
from .activations import LeakyReLU, ReLU, Sigmoid
from .losses import SoftmaxCrossEntropy, cross_entropy, one_hot, softmax
from .checking import gradient_check
from .optimizers import SGD
from .metrics import accuracy, confusion_matrix, precision_recall_f1
from .network import History, Sequential
# isort: on

__all__ = [
    "SGD",
    "Dense",
    "History",
    "Layer",
    "LeakyReLU",
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
]
