"""Sound to features: mel-frequency cepstral coefficients, every step written out.

Read the files in the order of the imports below; each uses only what stands above it.
"""

# isort: off
from .framing import centre, frame, hann
from .fourier import dft, fft, ifft, power_spectrum, rfft
from .mel import hz_to_mel, mel_filterbank, mel_to_hz
from .spectrogram import mel_spectrogram
from .cepstrum import dct, dct_matrix, delta, idct, lifter, power_to_db
from .features import mfcc
from .statistics import modulation_spectrum, structure_function
from .audio import load
# isort: on

__all__ = [
    "centre",
    "dct",
    "dct_matrix",
    "delta",
    "dft",
    "fft",
    "frame",
    "hann",
    "hz_to_mel",
    "idct",
    "ifft",
    "lifter",
    "load",
    "mel_filterbank",
    "mel_spectrogram",
    "mel_to_hz",
    "mfcc",
    "modulation_spectrum",
    "power_spectrum",
    "power_to_db",
    "rfft",
    "structure_function",
]
