"""Properties of mfcc/fourier.py: every transform equals its definition."""

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mfcc import dft, fft, ifft, power_spectrum, rfft
from mfcc.fourier import DIRECT, factors, roots_of_unity
from tests.oracles import assert_within, transform_rounding
from tests.strategies import FLOATS, eps_of, generators, integer_arrays, signals

EPS = eps_of(np.float64)
TRANSFORMS: list[Callable[[Any], np.ndarray]] = [dft, fft, ifft, rfft]
# Powers of two, the reference's 882, primes above DIRECT, products of two such primes, the first
# length that is split, and lengths that are split two or three times.
SPECIAL_LENGTHS = [
    *(64, 65, 128, 882, 1024, 2048, 67, 509, 1009, 67 * 67, 67 * 71, 71 * 97, 2 * 509),
    *(4098, 5040, 8192, 65 * 66, 72 * 75, 3**8, 5**6, 65 * 66 * 67, 2**17),
]


def assert_close(actual: np.ndarray, expected: np.ndarray, x: np.ndarray, times: float = 1) -> None:
    """The two are equal up to the rounding of `times` transforms of x, in the precision of x."""
    scale = np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    assert_within(actual, expected, times * transform_rounding(x.dtype, x.shape[-1]) * scale)


def phasor(n: int, k: Any) -> np.ndarray:
    """exp(-2πi k/n) for integers k, to an eps: an angle of at most π/4 and a quarter turn of it."""
    fourths = 4 * (np.asarray(k) % n)
    quarter = np.rint(fourths / n).astype(int)
    angle = np.pi / 2 * ((fourths - quarter * n) / n)
    c, s = np.cos(angle), np.sin(angle)
    real, imaginary = np.choose(quarter % 4, [c, -s, -c, s]), np.choose(quarter % 4, [s, c, -s, -c])
    return real - 1j * imaginary


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
    """X[k] = Σ_n x[n] exp(-2πi k n / N), as two loops over Python's complex numbers."""
    n = x.shape[-1]
    by_hand = [
        sum(row[t] * complex(phasor(n, k * t)) for t in range(n))
        for row in x.reshape(-1, n).astype(complex).tolist()
        for k in range(n)
    ]
    assert_close(dft(x), np.array(by_hand).reshape(x.shape), x)


@given(st.integers(1, 5000))
def test_roots_of_unity_are_exact_to_an_eps(n: int) -> None:
    """W^k = exp(-2πi k/n): quarter turns without any error, the others with at most one eps."""
    W, k = roots_of_unity(n), np.arange(n)
    assert_within(W, phasor(n, k), 2 * EPS)
    assert_within(W, [cmath.exp(-2j * cmath.pi * t / n) for t in k], 10 * EPS)  # rounded thrice
    quarters = k[4 * k % n == 0]
    np.testing.assert_array_equal(W[quarters], np.array([1, -1j, -1, 1j])[4 * quarters // n])


@settings(max_examples=50)
@given(complex_signals(max_size=1200))
def test_fft_and_dft_are_numpys_transform(x: np.ndarray) -> None:
    """fft = dft = numpy.fft.fft for any length, dtype and leading axes, in single precision too."""
    x = x[..., ::-1]
    x.flags.writeable = False  # a view in another order than the memory
    for transform in (fft, dft):
        assert_close(transform(x), np.fft.fft(x), x)
        assert transform(x).dtype == ifft(x).dtype == np.result_type(x, np.complex64)


@pytest.mark.parametrize("n", SPECIAL_LENGTHS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_fft_is_numpys_transform_for_special_lengths(n: int, dtype: type) -> None:
    """fft = numpy.fft.fft and rfft = numpy.fft.rfft where N splits often, or not at all."""
    x, y = np.random.default_rng(n).standard_normal((2, n)).astype(dtype)
    z = (x + 1j * y).astype(np.result_type(dtype, np.complex64))
    assert_close(fft(z), np.fft.fft(z), z)
    assert_close(rfft(x), np.fft.rfft(x), x)


@given(complex_signals(max_size=1000))
def test_ifft_inverts_fft(x: np.ndarray) -> None:
    """ifft(fft(x)) = x = fft(ifft(x))."""
    # the first transform is wrong by c·Σ|x| in each of N bins, and the second averages over these;
    # its own error is 1/N·c·Σ|X|, and |X| <= Σ|x|
    assert_close(ifft(fft(x)), x, x, times=2)
    assert_close(fft(ifft(x)), x, x, times=2)


@given(complex_signals(), st.integers(-500, 500))
def test_a_circular_shift_is_a_phase_ramp(x: np.ndarray, shift: int) -> None:
    """y[n] = x[n - s] ⇔ Y[k] = X[k] exp(-2πi k s / N): a delay makes the phase fall."""
    n = x.shape[-1]
    shifted, ramp = np.roll(x, shift, axis=-1), phasor(n, np.arange(n) * shift)
    assert_close(fft(shifted), fft(x) * ramp, x, times=3)
    assert_close(ifft(fft(x) * ramp), shifted, x, times=3)


@pytest.mark.parametrize("n", [1, 2, 3, 60, 64, 65, 97, 441, 509, 882, 2048, 67 * 71, 8192])
@pytest.mark.parametrize("dtype", FLOATS)
def test_an_impulse_has_a_flat_spectrum(n: int, dtype: type) -> None:
    """x[n] = 1 at n = n0 alone ⇒ X[k] = exp(-2πi k n0/N), of size one in each bin, to a few eps.

    No sum rounds here: this is the accuracy of the tables themselves. Without the modulus the
    angle would grow to 2πN and lose log2 N bits.
    """
    for n0 in {0, 1 % n, n // 2, n - 1}:
        x: np.ndarray = np.zeros(n, dtype)
        x[n0] = 1
        flat = phasor(n, n0 * np.arange(n))
        # at most five tables one after the other, each wrong by eps, or 2 in float32, and flat
        bound = 11 * eps_of(dtype) if n > DIRECT else 3 * eps_of(dtype)
        for transform in (dft, fft) if n < 2000 else (fft,):
            assert_within(transform(x), flat, bound)


@given(integer_arrays(hnp.array_shapes(max_dims=2, max_side=80)))
def test_integers_are_transformed_as_float64(x: np.ndarray) -> None:
    """The transform of integers, also in a list, is that of the same numbers in float64."""
    for transform in (*TRANSFORMS, power_spectrum):
        expected = transform(x.astype(np.float64))
        np.testing.assert_array_equal(transform(x), expected)
        np.testing.assert_array_equal(transform(x.tolist()), expected)
        assert transform(x).dtype == expected.dtype
        assert transform(np.ones((0, 5))).shape == (0, *transform(np.ones(5)).shape)


@given(signals(max_size=1000, decades=15))
def test_the_power_spectrum_is_the_squared_magnitude_of_the_spectrum(x: np.ndarray) -> None:
    """P[k] = |X[k]|² >= 0, k = 0 … ⌊N/2⌋, in the dtype of the frames."""
    power = power_spectrum(x)
    expected = np.abs(np.fft.rfft(x.astype(np.float64))) ** 2
    scale = np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    assert power.dtype == x.dtype
    assert np.all(power >= 0)
    # |X| <= scale is wrong by c·scale, so |X|² by (2c + c²)·scale²; squares below the smallest
    # normal number of the dtype lose their digits
    c = 2 * transform_rounding(x.dtype, x.shape[-1])
    assert_within(power, expected, (2 * c + c**2) * scale**2 + 2 * np.finfo(x.dtype).tiny)


@given(st.integers(1, 10000))
@example(DIRECT)
@example(DIRECT + 1)
@example(67 * 71)
@example(67 * 67)
def test_a_length_is_split_as_equally_as_possible(n: int) -> None:
    """N = N1·N2 with N1 >= N2 and no divisor in between; N2 = 1 if N is prime or short."""
    n1, n2 = factors(n)
    assert n1 * n2 == n
    divisors = [d for d in range(1, n + 1) if n % d == 0 and d * d >= n]
    assert n1 == (n if n <= DIRECT else min(divisors))
