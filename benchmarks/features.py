"""The MFCC of a clip by each library, with librosa's settings as far as the library has them.

A function of this file takes the arrays of prepare (__main__.py) and returns a function of a clip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

RATE, N_FFT, HOP, N_MELS, N_MFCC, TOP_DB = 44100, 882, 441, 128, 13, 80.0
Arrays = Mapping[str, np.ndarray]
OfClip = Callable[[np.ndarray], np.ndarray]


def ours(_: Arrays, fast: bool) -> OfClip:
    """mfcc.fast.mfcc or mfcc.mfcc."""
    import mfcc

    function = mfcc.fast.mfcc if fast else mfcc.mfcc
    return lambda clip: function(clip, RATE)


def with_librosa(_: Arrays) -> OfClip:
    """librosa.feature.mfcc."""
    import librosa

    settings = {"n_mfcc": N_MFCC, "n_fft": N_FFT, "hop_length": HOP}
    return lambda clip: librosa.feature.mfcc(y=clip, sr=RATE, **settings)


def with_torchaudio(_: Arrays) -> OfClip:
    """torchaudio.transforms.MFCC. Beside a PyTorch without CUDA, PyPI's torchaudio can be imported
    after removing its lib/*torchaudio.abi3.so, which this transform does not use."""
    import torch
    import torchaudio

    torch.set_grad_enabled(False)
    mel = {"n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS, "pad_mode": "constant"}
    mel |= {"norm": "slaney", "mel_scale": "slaney"}
    transform = torchaudio.transforms.MFCC(RATE, N_MFCC, melkwargs=mel)
    return lambda clip: transform(torch.from_numpy(clip)).numpy()


def with_audioflux(_: Arrays) -> OfClip:
    """audioflux, its objects kept. It has only powers of two: 1024 samples a frame, not centered,
    and no top_db."""
    import audioflux
    import audioflux.type as kinds

    spectrogram = audioflux.BFT(
        N_MELS,
        radix2_exp=10,
        samplate=RATE,
        slide_length=HOP,
        scale_type=kinds.SpectralFilterBankScaleType.MEL,
        style_type=kinds.SpectralFilterBankStyleType.SLANEY,
        normal_type=kinds.SpectralFilterBankNormalType.AREA,
        data_type=kinds.SpectralDataType.POWER,
    )
    cepstrum = audioflux.XXCC(N_MELS)

    def of_clip(clip: np.ndarray) -> np.ndarray:
        power = spectrogram.bft(clip, result_type=1)  # real; complex takes 15 times as long
        cepstrum.set_time_length(power.shape[-1])
        return cepstrum.xxcc(power, N_MFCC)

    return of_clip


def with_psf(_: Arrays) -> OfClip:
    """python_speech_features: not centered, other filters, natural logarithm."""
    import python_speech_features

    settings = {"winlen": N_FFT / RATE, "nfilt": N_MELS, "nfft": N_FFT}
    return lambda clip: python_speech_features.mfcc(clip, RATE, **settings)


def with_jax(given: Arrays, dtype: str) -> OfClip:
    """One jit-compiled function of the clip. Two neighboring hops are a frame: no gather."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    window, bank, dct = (jnp.asarray(given[name], dtype) for name in ("window", "bank", "dct"))

    @jax.jit
    def compiled(clip: Any) -> Any:
        hops = jnp.pad(clip.astype(dtype), N_FFT // 2).reshape(-1, HOP)
        spectrum = jnp.fft.rfft(jnp.concatenate([hops[:-1], hops[1:]], axis=1) * window)
        power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
        decibels = 10 * jnp.log10(jnp.maximum(bank @ power.T, 1e-10))
        return dct @ jnp.maximum(decibels, decibels.max() - TOP_DB)

    return lambda clip: np.asarray(compiled(clip))


def with_numpy(given: Arrays, transform: Callable[[], OfClip]) -> OfClip:
    """NumPy in float32 around the real transform of a library, and a sparse filterbank."""
    from scipy.sparse import csr_array

    window, dense, dct = (given[name].astype(np.float32) for name in ("window", "bank", "dct"))
    bank, rfft, columns = csr_array(dense), transform(), np.lib.stride_tricks.sliding_window_view

    def of_clip(clip: np.ndarray) -> np.ndarray:
        spectrum = rfft(columns(np.pad(clip, N_FFT // 2), N_FFT)[::HOP] * window)
        power = spectrum.real**2 + spectrum.imag**2
        decibels = 10 * np.log10(np.maximum(bank @ power.T, np.float32(1e-10)))
        return dct @ np.maximum(decibels, decibels.max() - np.float32(TOP_DB))

    return of_clip


def ducc_rfft() -> OfClip:
    """The transform of ducc0."""
    import ducc0

    return lambda frames: ducc0.fft.r2c(frames, axes=(1,), nthreads=1)


def pyfftw_rfft() -> OfClip:
    """The transform of FFTW; plan and output are kept."""
    import pyfftw

    return pyfftw.builders.rfft(pyfftw.empty_aligned((501, N_FFT), "float32"), threads=1)


CONTESTANTS: dict[str, Callable[[Arrays], OfClip]] = {
    "mfcc.fast.mfcc": partial(ours, fast=True),
    "mfcc.mfcc": partial(ours, fast=False),
    "librosa": with_librosa,
    "torchaudio": with_torchaudio,
    "audioflux": with_audioflux,
    "JAX jit, float64": partial(with_jax, dtype="float64"),
    "JAX jit, float32": partial(with_jax, dtype="float32"),
    "ducc0 in NumPy, float32": partial(with_numpy, transform=ducc_rfft),
    "pyFFTW in NumPy, float32": partial(with_numpy, transform=pyfftw_rfft),
    "python_speech_features": with_psf,
}
