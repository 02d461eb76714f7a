"""From features to classes: a small neural network, its gradients and its optimizer in NumPy.

Read the files in the order of the imports below: each imports only from files above it.
"""

# isort: off
from .layers import Dense, Layer
from .activations import LeakyReLU, ReLU, Sigmoid
from .losses import SoftmaxCrossEntropy, cross_entropy, one_hot, softmax
from .optimizers import SGD
from .checking import gradient_check
from .regularization import Dropout, Normalization
from .metrics import accuracy, calibration_error, confusion_matrix
from .metrics import precision_recall_f1, reliability, wilson_interval
from .network import DivergenceError, History, Sequential
from .ensemble import Ensemble, sharpen, valid_windows, window_proba
from . import fast

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "SGD", "Dense", "DivergenceError", "Dropout", "Ensemble", "History", "Layer", "LeakyReLU",
    "Normalization", "ReLU", "Sequential", "Sigmoid", "SoftmaxCrossEntropy", "accuracy",
    "calibration_error", "confusion_matrix", "cross_entropy", "fast", "gradient_check", "one_hot",
    "precision_recall_f1", "reliability", "sharpen", "softmax", "valid_windows", "wilson_interval",
    "window_proba",
]
