"""Theorems about mfcc/cepstrum.py: decibels, the cosine transform, liftering and deltas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.oracles import refusal, sum_rounding
from tests.strategies import FLOATS, eps_of, generators, integer_arrays, numbers, signals

from mfcc import dct, dct_matrix, delta, fft, idct, lifter, power_to_db

EPS = eps_of(np.float64)
POWERS = signals(max_size=200).map(np.square)
WIDTHS = st.integers(1, 15).map(lambda half: 2 * half + 1)


def db_close(dtype: np.dtype | type) -> dict[str, Any]:
    """10 log10 rounds its argument (4.3·eps dB), itself and the product (eps of the decibels)."""
    return {"rtol": 4 * eps_of(dtype), "atol": 10 * eps_of(dtype)}


# Decibels


@given(POWERS)
def test_a_decibel_is_a_tenth_of_a_power_of_ten(power: np.ndarray) -> None:
    """dB = 10 log10(max(10⁻¹⁰, power)): with no reference, no range, in the dtype of the power."""
    by_hand = [10 * math.log10(max(1e-10, p)) for p in power.ravel().tolist()]
    db = power_to_db(power, top_db=None)
    assert db.dtype == power.dtype
    np.testing.assert_allclose(db, np.reshape(by_hand, power.shape), **db_close(db.dtype))


def test_decibels_by_hand() -> None:
    """A factor of ten is 10 dB, of two 3.01 dB, of an amplitude two 6.02 dB; silence -100 dB."""
    db = power_to_db([1, 10, 100, 2, 0.5, 4, 1e-3, 1e-10, 1e-11, 0], top_db=None)
    expected = [0, 10, 20, 3.010299956639812, -3.010299956639812, 6.020599913279624, -30]
    np.testing.assert_allclose(db, [*expected, -100, -100, -100], rtol=4 * EPS, atol=4 * EPS)


@given(st.floats(0, 1e30), st.sampled_from((*FLOATS, float)))
def test_one_number_has_its_decibels_too(power: float, dtype: type) -> None:
    """The decibels of a number are a number, those of an array of that one value."""
    (in_array,) = power_to_db(np.array([power], np.dtype(dtype)))
    alone = power_to_db(dtype(power))
    assert np.ndim(alone) == 0 and alone == in_array


@given(signals(max_size=200), st.floats(1e-3, 1e3))
def test_a_gain_adds_its_decibels(x: np.ndarray, gain: float) -> None:
    """x → g·x makes the power g² times as large: 20 log10 g dB more in every cell above amin."""
    power = np.square(x.astype(np.float64))
    louder = np.square(gain * x.astype(np.float64))
    before, after = (power_to_db(p, amin=1e-40, top_db=None) for p in (power, louder))
    above = (power > 1e-40) & (louder > 1e-40)
    # three numbers of up to 400 dB, each to 4 eps
    np.testing.assert_allclose(
        (after - before)[above], 20 * math.log10(gain), rtol=0, atol=3 * 400 * 4 * EPS
    )


@given(POWERS, st.floats(0, 150))
def test_top_db_bounds_the_range(power: np.ndarray, top_db: float) -> None:
    """max - min <= top_db over the whole array; whatever lies above that floor stays as it is."""
    unbounded = power_to_db(power, top_db=None)
    db = power_to_db(power, top_db=top_db)
    floor = unbounded.max() - unbounded.dtype.type(top_db)
    assert db.dtype == power.dtype
    assert db.min() >= floor
    np.testing.assert_array_equal(db, np.where(unbounded > floor, unbounded, floor))


@given(POWERS)
def test_the_default_range_is_80_decibels(power: np.ndarray) -> None:
    """Unless told otherwise: reference 1, floor 10⁻¹⁰, range 80 dB."""
    written_out = power_to_db(power, ref=1.0, amin=1e-10, top_db=80.0)
    np.testing.assert_array_equal(power_to_db(power), written_out)


@given(POWERS, st.floats(1e-30, 1))
def test_amin_is_the_floor(power: np.ndarray, amin: float) -> None:
    """Powers below amin <= 1 count as amin, silence as well: no value is infinite."""
    floor = 10 * math.log10(amin)
    db = power_to_db(power, amin=amin, top_db=None)
    np.testing.assert_allclose(db[power <= amin], floor, **db_close(db.dtype))
    raised = np.maximum(power, power.dtype.type(amin))
    np.testing.assert_array_equal(db, power_to_db(raised, amin=1e-35, top_db=None))
    assert np.all(np.isfinite(db))


@given(POWERS, st.floats(1e-9, 1e9))
def test_the_reference_becomes_0_db(power: np.ndarray, ref: float) -> None:
    """ref subtracts 10 log10 |ref|; a reference below amin counts as amin."""
    relative = power_to_db(power, ref=ref, top_db=None)
    expected = power_to_db(power, top_db=None) - 10 * math.log10(ref)
    # differences of up to 220 dB, of which each part is off by 4 eps
    bound = 4 * 220 * eps_of(power.dtype)
    np.testing.assert_allclose(relative, expected, rtol=0, atol=bound)
    np.testing.assert_array_equal(power_to_db(power, ref=-ref, top_db=None), relative)
    np.testing.assert_array_equal(power_to_db(power, ref=1e-20), power_to_db(power, ref=1e-10))


@given(POWERS)
def test_the_reference_may_be_a_function_of_the_power(power: np.ndarray) -> None:
    """ref=np.max makes the loudest cell 0 dB; any function of the power is called with it."""
    loudest = power_to_db(power, ref=np.max, amin=1e-30)
    np.testing.assert_allclose(loudest.max(), 0, atol=300 * eps_of(power.dtype))
    for function in (np.max, np.median, np.mean):
        np.testing.assert_array_equal(
            power_to_db(power, ref=function), power_to_db(power, ref=float(function(power)))
        )


@given(integer_arrays(hnp.array_shapes(max_dims=3)))
def test_integers_are_powers_as_float64(power: np.ndarray) -> None:
    """Decibels of integers are those of the same powers in float64; the input stays as it is."""
    before = power.copy()
    np.testing.assert_array_equal(power_to_db(power), power_to_db(power.astype(np.float64)))
    np.testing.assert_array_equal(power, before)


# The cosine transform


def dct_close(x: np.ndarray) -> np.ndarray:
    """How far a coefficient may be off: a sum of N terms s_k·cos·x, s_k <= √(2/N), and cosines of
    an angle up to 2π, rounded three times: 10 eps."""
    n = x.shape[-1]
    total = np.sqrt(2 / n) * np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    return np.asarray(sum_rounding(n, total, x.dtype) + 10 * eps_of(x.dtype) * total)


def assert_dct_close(actual: np.ndarray, expected: np.ndarray, x: np.ndarray) -> None:
    """The two are equal up to the rounding of two cosine transforms of x."""
    assert actual.shape == expected.shape
    assert np.all(np.abs(actual - expected) <= 2 * dct_close(x))


@given(st.integers(1, 200), st.data())
def test_the_rows_of_the_dct_matrix_are_orthonormal(n_in: int, data: st.DataObject) -> None:
    """D Dᵀ = I, also for the first n_out rows alone, which are those of the square matrix."""
    n_out = data.draw(st.integers(1, n_in))
    matrix = dct_matrix(n_out, n_in)
    assert matrix.dtype == np.float64
    # N products of at most 2/N, in which two cosines are wrong by 10 eps each
    bound = sum_rounding(n_in, 2, np.float64) + 40 * EPS
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n_out), rtol=0, atol=bound)
    np.testing.assert_array_equal(matrix, dct_matrix(n_in, n_in)[:n_out])


@pytest.mark.parametrize("n", [1, 2, 3, 7, 40, 128, 1000])
def test_the_dct_matrix_is_its_formula(n: int) -> None:
    """D[k, n] = s_k cos(πk(2n + 1)/(2N)), s_0 = √(1/N), s_k = √(2/N), to a few eps for long N."""
    angle = (np.outer(range(n), np.arange(1, 2 * n, 2)) % (4 * n)) / (2 * n)  # in half turns
    scale = np.array([math.sqrt((1 if k == 0 else 2) / n) for k in range(n)])[:, None]
    np.testing.assert_allclose(
        dct_matrix(n, n), scale * np.cos(np.pi * angle), rtol=0, atol=20 * EPS * math.sqrt(2 / n)
    )


@given(signals(max_size=300, decades=15))
def test_dct_is_its_matrix_and_scipys(x: np.ndarray) -> None:
    """dct(x) = D x along the last axis, in the dtype of x; scipy.fft.dct(x, norm="ortho")."""
    n = x.shape[-1]
    assert dct(x).dtype == x.dtype
    assert_dct_close(dct(x), np.einsum("kn,...n->...k", dct_matrix(n, n), x), x)
    assert_dct_close(dct(x), scipy.fft.dct(x, type=2, norm="ortho"), x)
    assert_dct_close(idct(x), scipy.fft.idct(x, type=2, norm="ortho"), x)
    assert idct(x).dtype == x.dtype


@given(signals(max_size=300))
def test_dct_is_the_spectrum_of_the_mirrored_signal(x: np.ndarray) -> None:
    """c[k] = s_k/2·Re(exp(-iπk/(2N))·F[k]), F the DFT of x followed by x backwards: no jump."""
    n = x.shape[-1]
    k = np.arange(n)
    spectrum = fft(np.concatenate((x, x[..., ::-1]), axis=-1))[..., :n]
    scale = np.sqrt(np.where(k == 0, 1, 2) / n) / 2
    # a transform of 2N terms, twice as many as dct_close allows for
    assert_dct_close(dct(x), scale * (np.exp(-0.5j * np.pi * k / n) * spectrum).real, 2 * x)


@given(st.integers(1, 300), numbers(1e6))
def test_a_constant_has_c0_alone(n: int, a: float) -> None:
    """dct of a constant a: c[0] = √N·a, all others zero."""
    x = np.full(n, a)
    expected = np.zeros(n)
    expected[0] = math.sqrt(n) * a
    assert_dct_close(dct(x), expected, x)


@given(signals(max_size=300))
def test_dct_keeps_the_energy(x: np.ndarray) -> None:
    """Parseval: Σ c[k]² = Σ x[n]²."""
    energy, spectral = (
        np.sum(np.square(v.astype(np.float64)), axis=-1, keepdims=True) for v in (x, dct(x))
    )
    # each c wrong by e <= dct_close: the sum of squares by 2·Σ|c|·e <= 2·√N·‖x‖·e
    bound = 2 * np.sqrt(x.shape[-1] * energy) * dct_close(x) + 8 * EPS * energy
    assert np.all(np.abs(spectral - energy) <= bound)


@given(signals(max_size=300))
def test_idct_undoes_dct(x: np.ndarray) -> None:
    """idct(dct(x)) = x = dct(idct(x))."""
    # e in each of N coefficients is √N·e in length, and stays so: no sample is further off; the
    # second transform rounds a vector of the same length, whose Σ|c| is at most √N·‖x‖
    n = x.shape[-1]
    norm = np.linalg.norm(x.astype(np.float64), axis=-1, keepdims=True)
    bound = 2 * np.sqrt(n) * dct_close(np.broadcast_to(norm / np.sqrt(n), x.shape).astype(x.dtype))
    assert np.all(np.abs(idct(dct(x)) - x) <= bound)
    assert np.all(np.abs(dct(idct(x)) - x) <= bound)


@given(integer_arrays(hnp.array_shapes(max_dims=2, max_side=50)))
def test_integers_are_transformed_as_float64(x: np.ndarray) -> None:
    """dct and idct of integers are those of the same numbers in float64: nothing is truncated."""
    for transform in (dct, idct):
        np.testing.assert_array_equal(transform(x), transform(x.astype(np.float64)))


@pytest.mark.parametrize("transform", [dct, idct])
def test_the_input_of_a_transform_is_left_as_it_is(transform: Any) -> None:
    """The input may be read-only, and the result is new memory that may be written to."""
    x = np.arange(5.0)
    x.flags.writeable = False
    result = transform(x)
    kept = result.copy()
    result[...] = 0
    np.testing.assert_array_equal(transform(x), kept)


# Liftering


@given(signals(max_size=40), st.floats(0.5, 1000))
def test_the_lifter_is_its_formula(cepstra: np.ndarray, q: float) -> None:
    """c'[k] = c[k]·(1 + (Q/2) sin(π(k + 1)/Q)), in the dtype of the cepstra."""
    factors = [1 + q / 2 * math.sin(math.pi * (k + 1) / q) for k in range(cepstra.shape[-1])]
    liftered = lifter(cepstra, q)
    assert liftered.dtype == cepstra.dtype
    # the angle, up to 40π/Q and rounded three times, is wrong by 40π·3u/Q, the factor by Q/2 times
    # that; the sine, sum and product round 1 + Q/2
    bound = (30 * math.pi * EPS + 2 * (1 + q / 2) * eps_of(cepstra.dtype)) * np.abs(cepstra)
    assert np.all(np.abs(liftered - cepstra * np.array(factors)) <= bound)


def test_the_lifter_by_hand() -> None:
    """Q = 22: c[10] times 1 + 22/2·sin(π/2) = 12, c[21] times 1 + 22/2·sin(π) = 1."""
    liftered = lifter(np.ones(22, int), 22)
    assert liftered.dtype == np.float64
    np.testing.assert_allclose(liftered[[10, 21]], [12, 1], rtol=30 * np.pi * EPS)


@given(signals(max_size=40))
def test_lifter_0_changes_nothing(cepstra: np.ndarray) -> None:
    """Q = 0 returns the coefficients as they are."""
    np.testing.assert_array_equal(lifter(cepstra, 0), cepstra)


# Deltas


@st.composite
def fits(draw: st.DrawFn) -> tuple[int, int]:
    """A width and an order that it can fit, up to 31 frames and the fourth derivative."""
    width = draw(WIDTHS)
    return width, draw(st.integers(1, min(4, width - 1)))


def delta_close(x: np.ndarray, width: int, order: int) -> np.ndarray:
    """How far a delta may be off: a sum of width terms with weights of at most 2^order in all,
    those of the shortest fit, the difference of that order; the weights, from a pseudo-inverse,
    have lost 16 eps of that."""
    total = 2.0**order * np.abs(x).max(axis=-1, keepdims=True).astype(np.float64)
    return np.asarray(sum_rounding(width, total, x.dtype) + 16 * eps_of(x.dtype) * total)


@given(fits(), st.integers(0, 40), generators(), st.integers(-6, 6), st.sampled_from(FLOATS))
def test_the_delta_of_a_polynomial_is_its_derivative(
    fit: tuple[int, int], more: int, rng: np.random.Generator, level: int, dtype: type
) -> None:
    """Of a polynomial a·t^order + …, of degree order: order!·a in every frame, edges included."""
    width, order = fit
    t = np.arange(width + more)
    a = rng.uniform(-1, 1, order + 1) * 10.0**level  # highest power first
    # exact in float64 before it is rounded to the dtype: delta_close counts that as a term's error
    x: np.ndarray = np.polyval(a, t).astype(dtype)
    expected = np.full(len(t), math.factorial(order) * a[0])
    assert np.all(np.abs(delta(x, width, order) - expected) <= delta_close(x, width, order))


@given(numbers(1e3), numbers(1e3), numbers(1e3), st.sampled_from([3, 5, 9]))
def test_deltas_by_hand(a: float, b: float, c: float, width: int) -> None:
    """Of a constant 0, of a ramp b·t + c its slope b, of a parabola 2a at order 2."""
    t = np.arange(20)
    for order, x, expected in (
        (1, np.full(20, c), 0.0),
        (2, np.full(20, c), 0.0),
        (1, b * t + c, b),
        (2, b * t + c, 0.0),
        (2, a * t**2 + b * t + c, 2 * a),
    ):
        np.testing.assert_allclose(
            delta(x, width, order), expected, rtol=0, atol=delta_close(x, width, order).item()
        )


@given(signals(min_size=31, max_size=60), WIDTHS)
def test_the_first_delta_is_a_weighted_difference(x: np.ndarray, width: int) -> None:
    """Δ[t] = Σ_j j·x[t + j] / Σ_j j², |j| <= ⌊width/2⌋, wherever all of these are there."""
    half = width // 2
    j = range(-half, half + 1)
    n = x.shape[-1]
    inner = sum(i * x[..., half + i : n - half + i].astype(np.float64) for i in j)
    expected = inner / sum(i * i for i in j)
    assert np.all(np.abs(delta(x, width)[..., half:-half] - expected) <= delta_close(x, width, 1))


@given(fits(), signals(min_size=31, max_size=50, leading=False))
def test_a_delta_is_the_derivative_of_the_best_fit(fit: tuple[int, int], x: np.ndarray) -> None:
    """In an interior frame: order! times the leading coefficient of numpy.polyfit around it."""
    width, order = fit
    half = width // 2
    j = np.arange(-half, half + 1)
    x = x.astype(np.float64)
    bound = 2 * delta_close(x, width, order).item()
    deltas = delta(x, width, order)
    for t in range(half, len(x) - half):
        leading = np.polyfit(j, x[t - half : t + half + 1], order)[0]
        assert deltas[t] == pytest.approx(math.factorial(order) * leading, rel=0, abs=bound)


@given(fits(), signals(min_size=31, max_size=60))
def test_a_delta_is_scipys_savitzky_golay_filter(fit: tuple[int, int], x: np.ndarray) -> None:
    """scipy.signal.savgol_filter with polyorder = deriv = order and mode="interp"."""
    width, order = fit
    half = width // 2
    deltas = delta(x, width, order)
    expected = scipy.signal.savgol_filter(
        x.astype(np.float64), width, polyorder=order, deriv=order, mode="interp"
    )
    difference, bound = np.abs(deltas - expected), 2 * delta_close(x, width, order)
    assert deltas.dtype == x.dtype
    assert np.all(difference[..., half:-half] <= bound)
    # at the ends SciPy solves for the polynomial in t = 0 … width - 1, as ill as its columns are
    powers = np.vander(np.arange(width), order + 1)
    assert np.all(difference <= bound * np.linalg.cond(powers / np.linalg.norm(powers, axis=0)))


@given(fits(), signals(min_size=31, max_size=60))
def test_the_ends_take_the_nearest_full_fit(fit: tuple[int, int], x: np.ndarray) -> None:
    """The first and the last ⌊width/2⌋ deltas repeat the nearest one with all frames around it."""
    width, order = fit
    half, deltas = width // 2, delta(x, width, order)
    assert deltas.shape == x.shape
    first, last = deltas[..., half, None], deltas[..., -half - 1, None]
    np.testing.assert_array_equal(deltas[..., :half], np.broadcast_to(first, (*x.shape[:-1], half)))
    np.testing.assert_array_equal(deltas[..., -half:], np.broadcast_to(last, (*x.shape[:-1], half)))


@given(fits(), signals(min_size=31, max_size=60))
def test_backwards_odd_deltas_change_sign(fit: tuple[int, int], x: np.ndarray) -> None:
    """delta(x backwards) = (-1)^order · delta(x) backwards."""
    width, order = fit
    backwards = delta(x[..., ::-1], width, order)[..., ::-1]
    difference = np.abs(backwards - (-1) ** order * delta(x, width, order))
    assert np.all(difference <= 2 * delta_close(x, width, order))


def test_the_default_delta_is_the_first_over_nine_frames() -> None:
    """delta(x) = delta(x, width=9, order=1), of integers in float64."""
    x = np.random.default_rng(0).integers(-100, 100, (13, 30))
    np.testing.assert_array_equal(delta(x), delta(x.astype(np.float64), width=9, order=1))


# Refusals

NO_VALUES: list[tuple[Callable[[Any], object], str]] = [
    (power_to_db, "power"),
    (dct, "x"),
    (idct, "x"),
    (lambda x: lifter(x, 22), "cepstra"),
    (delta, "features"),
]


@pytest.mark.parametrize(("call", "name"), NO_VALUES)
def test_what_holds_no_real_numbers_is_refused(call: Callable[[Any], object], name: str) -> None:
    """Every function needs real numbers, at least one on the last axis, and names its argument."""
    assert refusal(call, []) == f"{name} has shape (0,); its last axis must not be empty"
    assert refusal(call, [1j]) == f"{name} is complex; it must be real"
    assert refusal(call, ["a"]) == f"{name} has dtype <U1; it must be an array of numbers"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: power_to_db(np.ones((0, 3))),
            "power has shape (0, 3); no axis must be empty",
        ),
        (lambda: power_to_db([1.0], amin=0), "amin=0 must be positive"),
        (lambda: power_to_db([1.0], amin=-1e-10), "amin=-1e-10 must be positive"),
        (lambda: power_to_db([1.0], amin=math.nan), "amin=nan must be positive"),
        (
            lambda: power_to_db([1.0], amin="1"),  # type: ignore[arg-type]
            "amin='1' must be positive",
        ),
        (
            lambda: power_to_db([1.0], top_db="1"),  # type: ignore[arg-type]
            "top_db='1' must be at least 0 dB, or None",
        ),
        (
            lambda: lifter([1.0], None),  # type: ignore[arg-type]
            "lifter=None must be a finite number of at least 0",
        ),
        (lambda: power_to_db([1.0], top_db=-1), "top_db=-1 must be at least 0 dB, or None"),
        (
            lambda: power_to_db([1.0], top_db=math.nan),
            "top_db=nan must be at least 0 dB, or None",
        ),
        (lambda: dct_matrix(0, 4), "n_out=0 must be a positive integer"),
        (lambda: dct_matrix(4, 0), "n_in=0 must be a positive integer"),
        (lambda: dct_matrix(5, 4), "n_out=5 must be at most n_in=4"),
        (lambda: lifter([1.0], -1), "lifter=-1 must be a finite number of at least 0"),
        (lambda: lifter([1.0], math.nan), "lifter=nan must be a finite number of at least 0"),
        (lambda: lifter([1.0], math.inf), "lifter=inf must be a finite number of at least 0"),
        (
            lambda: delta(range(20), width=4),
            "width=4 must be odd, at least 3 and at most the 20 frames",
        ),
        (
            lambda: delta(range(20), width=1),
            "width=1 must be odd, at least 3 and at most the 20 frames",
        ),
        (
            lambda: delta(np.ones((2, 8)), width=9),
            "width=9 must be odd, at least 3 and at most the 8 frames",
        ),
        (lambda: delta(range(20), width=0), "width=0 must be a positive integer"),
        (lambda: delta(range(20), width=9.0), "width=9.0 must be a positive integer"),  # type: ignore[arg-type]
        (lambda: delta(range(20), order=0), "order=0 must be a positive integer"),
        (lambda: delta(range(20), width=3, order=3), "order=3 must be below width=3"),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, message: str) -> None:
    """A ValueError says which argument is wrong, its value, and what it must be."""
    assert refusal(call) == message
