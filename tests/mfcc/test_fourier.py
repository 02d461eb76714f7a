"""Theorems about mfcc/fourier.py: the transform is its definition, however it is computed."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.oracles import refusal, sum_rounding
from tests.strategies import FLOATS, eps_of, generators, integer_arrays, signals

from mfcc import dft, fft, ifft, power_spectrum, rfft
from mfcc.fourier import DIRECT, _dft_matrix, _factors, _twiddles

TRANSFORMS: list[Callable[[Any], np.ndarray]] = [dft, fft, ifft, rfft]
# Lengths that are interesting to split: powers of two, the reference's 882, primes beyond DIRECT,
# products of two such primes, one just above DIRECT, and several that split two or three times.
SPECIAL_LENGTHS = [
    *(64, 65, 128, 882, 1024, 2048, 67, 509, 1009, 67 * 67, 67 * 71, 71 * 97, 2 * 509),
    *(4098, 5040, 8192, 65 * 66, 72 * 75, 3**8, 5**6, 65 * 66 * 67, 2**17),
]


def close(dtype: np.dtype | type, n: int) -> float:
    """How far one transform of length n may be from exact, as a part of Σ|x[n]|.

    A bin is a sum of n terms x[n]·W, or of fewer in each of several stages (sum_rounding). A
    table's W is exp of an angle up to 2π that was rounded three times: wrong by 3·2π·u < 10 eps.
    One table is used up to n = 64, and for longer n fewer than √n one after the other.
    """
    return float(sum_rounding(n, 1.0, dtype) + 10 * eps_of(dtype) * np.sqrt(n))


def assert_close(actual: np.ndarray, expected: np.ndarray, x: np.ndarray, times: float = 1) -> None:
    """The two are equal up to the rounding of `times` transforms of x, in the precision of x."""
    scale = np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    assert actual.shape == expected.shape
    assert np.all(np.abs(actual - expected) <= times * close(x.dtype, x.shape[-1]) * scale)


def turns(n: int, k: Any) -> np.ndarray:
    """exp(-2πi k/n) for integers k, with an angle below 2π: exact to a few eps."""
    return np.exp(-2j * np.pi * (np.asarray(k) % n) / n)


def transforms_of(dtype: type) -> list[Callable[[Any], np.ndarray]]:
    """All transforms that take this dtype: rfft takes no complex input."""
    return TRANSFORMS[:3] if np.dtype(dtype).kind == "c" else TRANSFORMS


@st.composite
def complex_signals(draw: st.DrawFn, max_size: int = 300) -> np.ndarray:
    """Real and complex signals (..., n) of all four dtypes, 10^-15 to 10^15 in level."""
    real = draw(signals(max_size=max_size, decades=15))
    if draw(st.booleans()):
        return real
    turn = np.exp(2j * np.pi * draw(generators()).random(real.shape))
    return (real * turn).astype(np.result_type(real.dtype, np.complex64))


@given(complex_signals(max_size=24))
def test_dft_is_its_definition(x: np.ndarray) -> None:
    """dft(x)[k] = Σ_n x[n] exp(-2πi k n / N), as two loops over Python's complex numbers."""
    n = x.shape[-1]
    rows = x.reshape(-1, n).astype(complex).tolist()
    by_hand = [
        [
            sum(row[t] * cmath.exp(-2j * cmath.pi * (k * t % n) / n) for t in range(n))
            for k in range(n)
        ]
        for row in rows
    ]
    assert_close(dft(x), np.array(by_hand).reshape(x.shape), x)


@settings(max_examples=50)
@given(complex_signals(max_size=600))
def test_dft_is_numpys_transform(x: np.ndarray) -> None:
    """dft(x) = numpy.fft.fft(x), complex, for any length, dtype and leading axes."""
    assert_close(dft(x), np.fft.fft(x), x)


def test_fft_is_dft_for_every_length() -> None:
    """fft = dft and rfft = its first half, as complex numbers, for each N = 1 … 512."""
    rng = np.random.default_rng(0)
    for n in range(1, 513):
        x = rng.standard_normal((2, n))
        exact = dft(x)
        assert_close(fft(x), exact, x, times=2)
        assert_close(rfft(x), exact[:, : n // 2 + 1], x, times=2)
        assert_close(fft(x[0] + 1j * x[1]), exact[0] + 1j * exact[1], x[0] + 1j * x[1], times=3)


@pytest.mark.parametrize("n", SPECIAL_LENGTHS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_fft_is_numpys_transform_for_special_lengths(n: int, dtype: type) -> None:
    """fft = numpy.fft.fft and rfft = numpy.fft.rfft where N splits often, or not at all."""
    rng = np.random.default_rng(n)
    x: np.ndarray = rng.standard_normal(n).astype(dtype)
    z = (x + 1j * rng.standard_normal(n)).astype(np.result_type(dtype, np.complex64))
    assert_close(fft(z), np.fft.fft(z), z)
    assert_close(fft(x), np.fft.fft(x), x)
    assert_close(rfft(x), np.fft.rfft(x), x)


@settings(max_examples=50)
@given(complex_signals(max_size=2000))
def test_fft_is_numpys_transform_for_any_length(x: np.ndarray) -> None:
    """fft = numpy.fft.fft for lengths drawn at random, real and complex, with leading axes."""
    assert_close(fft(x), np.fft.fft(x), x)


@given(complex_signals(), generators())
def test_the_transform_is_linear(x: np.ndarray, rng: np.random.Generator) -> None:
    """fft(a·x + b·y) = a·fft(x) + b·fft(y)."""
    x = x.astype(np.complex128)
    y = rng.permuted(x, axis=-1) * 3
    a, b = rng.standard_normal(2)
    assert_close(fft(a * x + b * y), a * fft(x) + b * fft(y), abs(a * x) + abs(b * y), times=2)


@given(complex_signals(max_size=1000))
def test_the_transform_keeps_the_energy(x: np.ndarray) -> None:
    """Parseval: Σ|X[k]|² = N·Σ|x[n]|²."""
    energy = x.shape[-1] * np.sum(np.abs(x).astype(np.float64) ** 2, axis=-1)
    spectral = np.sum(np.abs(fft(x)).astype(np.float64) ** 2, axis=-1)
    # each X wrong by e = close·Σ|x| <= close·√N·‖x‖: the energy by 2·Σ|X|·e <= 2·√N·‖X‖·e, that
    # is by the part 2·√N·close of N·‖x‖²
    np.testing.assert_allclose(
        spectral, energy, rtol=2 * np.sqrt(x.shape[-1]) * close(x.dtype, x.shape[-1])
    )


@given(complex_signals(max_size=1000))
def test_ifft_undoes_fft(x: np.ndarray) -> None:
    """ifft(fft(x)) = x = fft(ifft(x))."""
    # the first transform is wrong by c·Σ|x| in each of N bins, of which the second takes the mean;
    # its own error is 1/N·c·Σ|X|, and |X| <= Σ|x|
    assert_close(ifft(fft(x)), x, x, times=2)
    assert_close(fft(ifft(x)), x, x, times=2)


@given(complex_signals())
def test_ifft_is_its_definition(x: np.ndarray) -> None:
    """ifft(X)[n] = 1/N·Σ_k X[k] exp(+2πi k n / N)."""
    n = x.shape[-1]
    matrix = turns(n, -np.outer(np.arange(n), np.arange(n)))
    assert_close(ifft(x) * n, x @ matrix, x, times=2)


@given(signals(max_size=1000))
def test_the_spectrum_of_a_real_signal_is_its_own_mirror(x: np.ndarray) -> None:
    """Real x: X[N-k] = conj X[k]; X[0], and X[N/2] for even N, are real; rfft is the first half."""
    spectrum = fft(x)
    n = x.shape[-1]
    mirrored = spectrum[..., -np.arange(n) % n]
    assert_close(mirrored, np.conj(spectrum), x, times=2)
    assert_close(rfft(x), spectrum[..., : n // 2 + 1], x, times=2)
    assert_close(rfft(x)[..., :1].imag, np.zeros((*x.shape[:-1], 1)), x)


@given(complex_signals(), st.integers(-500, 500))
def test_a_circular_shift_is_a_phase_ramp(x: np.ndarray, shift: int) -> None:
    """y[n] = x[n - s] ⇔ Y[k] = X[k] exp(-2πi k s / N): later means a falling phase."""
    n = x.shape[-1]
    ramp = turns(n, np.arange(n) * shift)
    assert_close(fft(np.roll(x, shift, axis=-1)), fft(x) * ramp, x, times=3)
    assert_close(ifft(fft(x) * ramp), np.roll(x, shift, axis=-1), x, times=3)


@pytest.mark.parametrize("n", [1, 2, 3, 60, 64, 65, 97, 441, 509, 882, 2048, 67 * 71, 8192])
@pytest.mark.parametrize("dtype", FLOATS)
def test_an_impulse_has_a_flat_spectrum(n: int, dtype: type) -> None:
    """x[n] = 1 at n = n0 alone ⇒ X[k] = exp(-2πi k n0/N), of size one in each bin, to a few eps.

    No sum rounds here: this is the accuracy of the tables themselves. The angle k·n0 is below 2π
    after the modulus; without it, it would grow to 2πN and lose log2 N bits.
    """
    for n0 in {0, 1 % n, n // 2, n - 1}:
        x: np.ndarray = np.zeros(n, dtype)
        x[n0] = 1
        flat = turns(n, n0 * np.arange(n))
        # at most five tables one after the other, each with an angle wrong by up to 2π·eps
        bound = 5 * 2 * np.pi * eps_of(dtype)
        for transform in (dft, fft) if n < 2000 else (fft,):
            np.testing.assert_allclose(transform(x), flat, rtol=0, atol=bound)
        np.testing.assert_allclose(rfft(x), flat[: n // 2 + 1], rtol=0, atol=bound)
        if n0 == 0:
            np.testing.assert_array_equal(fft(x), 1)


@given(st.integers(1, 1000), st.data())
def test_a_cosine_has_two_bins(n: int, data: st.DataObject) -> None:
    """cos(2πk n/N + φ) ⇒ N/2·exp(iφ) in bin k, its conjugate in bin N - k, zero elsewhere."""
    k = data.draw(st.integers(0, n - 1))
    phase = data.draw(st.floats(-np.pi, np.pi))
    x = np.cos(2 * np.pi * (k * np.arange(n) % n) / n + phase)
    expected = np.zeros(n, complex)
    expected[k] += n / 2 * cmath.exp(1j * phase)
    expected[-k % n] += n / 2 * cmath.exp(-1j * phase)
    # the cosine itself has an angle below 3π, wrong by a few eps in each of n samples
    assert np.all(np.abs(fft(x) - expected) <= n * (close(x.dtype, n) + 20 * eps_of(x.dtype)))


@given(signals(max_size=150, leading=False), generators())
def test_a_product_of_spectra_is_a_circular_convolution(
    x: np.ndarray, rng: np.random.Generator
) -> None:
    """ifft(X·H)[n] = Σ_m h[m]·x[n - m], the indices modulo N."""
    x = x.astype(np.float64)
    h = rng.standard_normal(len(x))
    convolved = np.sum([h[m] * np.roll(x, m) for m in range(len(x))], axis=0)
    # |H| <= Σ|h| multiplies each error of X, and the other way round
    assert_close(ifft(fft(x) * fft(h)), convolved, x * np.abs(h).sum(), times=4)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float32, np.complex64),
        (np.float64, np.complex128),
        (np.int16, np.complex128),
        (np.int64, np.complex128),
        (np.bool_, np.complex128),
        (np.float16, np.complex128),
        (np.complex64, np.complex64),
        (np.complex128, np.complex128),
    ],
)
@pytest.mark.parametrize("n", [1, 5, 64, 65, 144])
def test_the_precision_of_the_input_is_kept(dtype: type, expected: type, n: int) -> None:
    """float32 and complex64 give complex64; float64, complex128, integers give complex128."""
    for transform in transforms_of(dtype):
        assert transform(np.ones(n, dtype)).dtype == expected


@given(integer_arrays(hnp.array_shapes(max_dims=2, max_side=80)))
def test_integers_are_transformed_as_float64(x: np.ndarray) -> None:
    """The transform of integers is that of the same numbers in float64, digit by digit."""
    for transform in TRANSFORMS:
        np.testing.assert_array_equal(transform(x), transform(x.astype(np.float64)))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("n", [1, 4, 97, 130, 441])
def test_leading_axes_are_transformed_one_by_one(
    transform: Callable[[Any], np.ndarray], n: int
) -> None:
    """transform(x)[i, j] = transform(x[i, j]); no axis of other values takes part."""
    x = np.random.default_rng(n).standard_normal((2, 3, n)).astype(np.float32)
    for i in range(2):
        for j in range(3):
            assert_close(transform(x)[i, j], transform(x[i, j]), x[i, j], times=2)
    assert transform(np.ones((0, n))).shape == (0, transform(np.ones(n)).shape[-1])


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("n", [6, 97, 144, 441])
def test_the_order_in_memory_does_not_matter(
    transform: Callable[[Any], np.ndarray], n: int
) -> None:
    """Transposed, reversed, strided, read-only: the same numbers have the same transform."""
    rng = np.random.default_rng(n)
    read_only = rng.standard_normal(n)
    read_only.flags.writeable = False
    for x in (
        rng.standard_normal((n, 3)).T,
        rng.standard_normal(n)[::-1],
        rng.standard_normal((2, 2 * n))[:, ::2],
        np.broadcast_to(rng.standard_normal(n), (4, n)),
        read_only,
    ):
        assert_close(transform(x), transform(x.copy()), x, times=2)


@pytest.mark.parametrize("n", [1, 2, 64, 67, 144])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_a_transform_owns_what_it_returns(n: int, dtype: type) -> None:
    """The input is left as it is; the result may be written to, and no later call sees that."""
    for transform in transforms_of(dtype):
        x: np.ndarray = np.random.default_rng(n).standard_normal(n).astype(dtype)
        before = x.copy()
        result = transform(x)
        kept = result.copy()
        result[...] = 0
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(transform(x), kept)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_no_table_can_be_written_to(dtype: type) -> None:
    """The tables that all calls share are read-only: a slip cannot change a later transform."""
    assert not _dft_matrix(7, np.dtype(dtype)).flags.writeable
    assert not _twiddles(3, 5, np.dtype(dtype)).flags.writeable


def test_a_list_of_numbers_is_a_signal() -> None:
    """The transform of a list is that of the array of the same numbers."""
    for transform in (*TRANSFORMS, power_spectrum):
        np.testing.assert_array_equal(transform([1.5, -2, 0]), transform(np.array([1.5, -2, 0])))


@given(signals(max_size=1000, decades=15))
def test_the_power_spectrum_is_the_squared_size_of_the_spectrum(x: np.ndarray) -> None:
    """P[k] = |X[k]|², k = 0 … ⌊N/2⌋, real and in the dtype of the frames."""
    power = power_spectrum(x)
    half = np.fft.fft(x.astype(np.float64))[..., : x.shape[-1] // 2 + 1]
    scale = np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    assert power.dtype == x.dtype
    assert power.shape == half.shape
    assert np.all(power >= 0)
    # |X| <= scale is wrong by close·scale, so |X|² by (2·close + close²)·scale² and its own
    # rounding; squares below the smallest normal number of the dtype lose their digits
    c = 2 * close(x.dtype, x.shape[-1])
    bound = (2 * c + c**2) * scale**2 + 2 * np.finfo(x.dtype).tiny
    assert np.all(np.abs(power - np.abs(half) ** 2) <= bound)


@pytest.mark.parametrize("n", [8, 441, 882])
def test_the_bins_hold_the_power_of_their_frequency(n: int) -> None:
    """A cosine of k cycles and amplitude A has the power (A·N/2)² in bin k, nothing elsewhere."""
    k = np.arange(1, (n + 1) // 2)
    x = 3 * np.cos(2 * np.pi * (np.outer(k, np.arange(n)) % n) / n)
    expected = np.zeros((len(k), n // 2 + 1))
    expected[np.arange(len(k)), k] = (3 * n / 2) ** 2
    # |X| <= 3n/2, wrong by close·Σ|x| <= close·3n
    bound = 2 * (3 * n / 2) * 3 * n * (close(np.float64, n) + 20 * eps_of(np.float64))
    np.testing.assert_allclose(power_spectrum(x), expected, rtol=0, atol=bound)


@given(st.integers(1, 10000))
@example(DIRECT)
@example(DIRECT + 1)
@example(67 * 71)
def test_a_length_is_split_as_equally_as_can_be(n: int) -> None:
    """N = N1·N2 with N1 >= N2 and no divisor in between; N2 = 1 if N is prime or short."""
    n1, n2 = _factors(n)
    assert n1 * n2 == n
    divisors = [d for d in range(1, n + 1) if n % d == 0 and d * d >= n]
    assert n1 == (n if n <= DIRECT else min(divisors))


@pytest.mark.parametrize("transform", [*TRANSFORMS, power_spectrum])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([], "x has shape (0,); its last axis must not be empty"),
        (1.0, "x has shape (); its last axis must not be empty"),
        (np.ones((3, 0)), "x has shape (3, 0); its last axis must not be empty"),
        (["a"], "x has dtype <U1; it must be an array of numbers"),
    ],
)
def test_what_has_no_samples_is_refused(
    transform: Callable[[Any], np.ndarray], x: Any, message: str
) -> None:
    """Every transform needs an array of numbers with at least one sample."""
    assert refusal(transform, x) == message


@pytest.mark.parametrize("transform", [rfft, power_spectrum])
def test_half_a_spectrum_needs_real_input(transform: Callable[[Any], np.ndarray]) -> None:
    """rfft and power_spectrum refuse complex input: its spectrum has no mirror image."""
    assert refusal(transform, [1j, 2]) == "x is complex; it must be real"
