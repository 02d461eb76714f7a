"""From sound to features: mel-frequency cepstral coefficients, every step written out in NumPy.

Read the files in the order of the imports below: each imports only from files above it.
mfcc.mfcc is the readable definition; mfcc.fast.mfcc computes the same values faster. The package
and this function share a name: after `import mfcc` call mfcc.mfcc(signal, sample_rate).
"""

# isort: off
from .framing import frame, hann, pad_center
from .fourier import dft, fft, ifft, power_spectrum, rfft
from .mel import hz_to_mel, mel_filterbank, mel_to_hz
from .cepstrum import dct, dct_matrix, delta, idct, lift, power_to_db
from .features import mel_spectrogram, mfcc
from . import fast
from .statistics import autocorrelation, modulation_spectrum, structure_function
from .audio import load

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "autocorrelation", "dct", "dct_matrix", "delta", "dft", "fast", "fft", "frame", "hann",
    "hz_to_mel", "idct", "ifft", "lift", "load", "mel_filterbank", "mel_spectrogram", "mel_to_hz",
    "mfcc", "modulation_spectrum", "pad_center", "power_spectrum", "power_to_db", "rfft",
    "structure_function",
]
