"""Properties of mfcc/cepstrum.py: decibels, the cosine transform, liftering and deltas."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mfcc import dct, dct_matrix, delta, idct, lift, power_to_db
from tests.oracles import assert_within, sum_rounding
from tests.strategies import eps_of, integer_arrays, signals

EPS = eps_of(np.float64)
POWERS = signals(max_size=200).map(np.square)


@given(POWERS, st.just(1e-10) | st.floats(1e-30, 1), st.just(1.0) | st.floats(1e-9, 1e9))
def test_decibels_are_their_definition(power: np.ndarray, amin: float, ref: float) -> None:
    """dB = 10 log10(max(amin, power)) - 10 log10(max(amin, |ref|)), ref a number or a function."""
    by_hand = [10 * math.log10(max(amin, p) / max(amin, ref)) for p in power.ravel().tolist()]
    expected = np.reshape(by_hand, power.shape)
    for sign in (1, -1):
        db = power_to_db(power, sign * ref, amin, top_db=None)
        assert db.dtype == power.dtype
        # two terms of up to 300 dB, each to 4 eps, and the rounding of their arguments
        assert_within(db, expected, bound := (2 * 4 * 300 + 20) * eps_of(power.dtype))
    for top_db in (None, 80):
        scalar = power_to_db(power.flat[0], ref, amin, top_db)
        assert scalar.dtype == power.dtype
        assert_within(scalar, expected.flat[0], bound)
    assert np.isnan(power_to_db(power, math.nan)).all()
    median = power_to_db(power, float(np.median(power)))
    np.testing.assert_array_equal(power_to_db(power, np.median), median)


@given(POWERS, st.floats(0, 150), st.sampled_from([None, -1, 0]))
def test_top_db_bounds_the_range(power: np.ndarray, top_db: float, axis: int | None) -> None:
    """max - min <= top_db over the axis, by default the whole array; values above stay."""
    full = power_to_db(power, top_db=None)
    db = power_to_db(power, top_db=top_db, axis=axis)
    floor = full.max(axis=axis, keepdims=True) - full.dtype.type(top_db)
    assert db.dtype == power.dtype
    np.testing.assert_array_equal(db, np.where(full > floor, full, floor))


@given(integer_arrays(hnp.array_shapes(max_dims=3)))
def test_decibels_of_integers_and_the_defaults(power: np.ndarray) -> None:
    """Integers are powers in float64; ref 1, amin 10⁻¹⁰ and 80 dB are the defaults."""
    before = power.copy()
    explicit = power_to_db(power.astype(np.float64), ref=1.0, amin=1e-10, top_db=80.0, axis=None)
    np.testing.assert_array_equal(power_to_db(power), explicit)
    np.testing.assert_array_equal(power, before)


def dct_close(x: np.ndarray) -> Any:
    """The rounding error of a coefficient: a sum of N terms s_k·cos·x, s_k <= √(2/N), and cosines
    of an angle up to 2π, rounded three times: 10 eps."""
    n = x.shape[-1]
    total = np.sqrt(2 / n) * np.abs(x).sum(axis=-1, keepdims=True, dtype=np.float64)
    return sum_rounding(n, total, x.dtype) + 10 * eps_of(x.dtype) * total


@given(st.integers(1, 1000), st.data())
def test_the_dct_matrix_is_its_formula(n: int, data: st.DataObject) -> None:
    """D[k, n] = s_k cos(πk(2n + 1)/(2N)), s_0 = √(1/N), s_k = √(2/N), for k < n_out <= N."""
    n_out = data.draw(st.integers(1, n))
    angle = np.pi * (np.outer(range(n_out), np.arange(1, 2 * n, 2)) % (4 * n)) / (2 * n)
    scale = np.array([math.sqrt((1 if k == 0 else 2) / n) for k in range(n_out)])[:, None]
    matrix = dct_matrix(n_out, n)
    assert matrix.dtype == np.float64
    assert_within(matrix, scale * np.cos(angle), 20 * EPS * math.sqrt(2 / n))


@given(signals(max_size=300, decades=15) | integer_arrays(hnp.array_shapes(max_dims=2)))
def test_dct_is_its_matrix_and_scipys(x: np.ndarray) -> None:
    """c = D x in the dtype of x, not truncated for integers; SciPy's norm="ortho"."""
    real = x if x.dtype.kind == "f" else x.astype(np.float64)
    assert dct(x).dtype == idct(x).dtype == real.dtype
    n, bound = x.shape[-1], 2 * dct_close(real)
    assert_within(dct(x), np.einsum("kn,...n->...k", dct_matrix(n, n), real), bound)
    assert_within(dct(x), scipy.fft.dct(real, type=2, norm="ortho"), bound)
    assert_within(idct(x), scipy.fft.idct(real, type=2, norm="ortho"), bound)


@given(signals(max_size=300))
def test_dct_preserves_energy_and_idct_inverts_it(x: np.ndarray) -> None:
    """Parseval: Σ c[k]² = Σ x[n]², and idct(dct(x)) = x = dct(idct(x))."""
    n = x.shape[-1]
    norm, spectral = (
        np.linalg.norm(v.astype(np.float64), axis=-1, keepdims=True) for v in (x, dct(x))
    )
    # an error e in each of N coefficients changes the norm by √N·e; the second transform of a round
    # trip rounds a vector of the same norm, whose Σ|c| is at most √N·‖x‖
    assert_within(spectral, norm, np.sqrt(n) * dct_close(x) + 8 * EPS * norm)
    bound = 2 * np.sqrt(n) * dct_close(np.broadcast_to(norm / np.sqrt(n), x.shape).astype(x.dtype))
    assert_within(idct(dct(x)), x, bound)
    assert_within(dct(idct(x)), x, bound)


@given(signals(max_size=40), st.floats(0.5, 1000))
def test_liftering_is_its_formula(cepstra: np.ndarray, q: float) -> None:
    """c'[k] = c[k]·(1 + (Q/2) sin(π(k + 1)/Q)), in the dtype of the cepstra; Q = 0 leaves them."""
    weights = [1 + q / 2 * math.sin(math.pi * (k + 1) / q) for k in range(cepstra.shape[-1])]
    lifted = lift(cepstra, q)
    assert lifted.dtype == cepstra.dtype
    # the angle, up to 40π/Q and rounded three times, is wrong by 40π·3u/Q, the weight by Q/2 times
    # that; the sine, sum and product round 1 + Q/2
    bound = (30 * math.pi * EPS + 2 * (1 + q / 2) * eps_of(cepstra.dtype)) * np.abs(cepstra)
    assert_within(lifted, cepstra * np.array(weights), bound)
    np.testing.assert_array_equal(lift(cepstra, 0), cepstra)


def delta_close(x: np.ndarray, width: int, order: int) -> Any:
    """The rounding error of a delta: a sum of width terms with weights of at most 2^order in all,
    those of the shortest fit, the difference of that order; the weights, from a pseudo-inverse,
    have lost 16 eps of that."""
    total = 2.0**order * np.abs(x).max(axis=-1, keepdims=True).astype(np.float64)
    return sum_rounding(width, total, x.dtype) + 16 * eps_of(x.dtype) * total


@given(st.integers(1, 15), st.integers(1, 4), signals(min_size=31, max_size=60))
def test_a_delta_is_the_derivative_of_the_best_fit(half: int, order: int, x: np.ndarray) -> None:
    """order! times numpy.polyfit's first coefficient; SciPy's filter; edges repeat the nearest."""
    width, n = 2 * half + 1, x.shape[-1]
    order = min(order, width - 1)
    deltas, bound = delta(x, width, order), 2 * delta_close(x, width, order)
    assert deltas.dtype == x.dtype
    wide = x.astype(np.float64)
    assert_within(delta(x), delta(wide, width=9, order=1), delta_close(x, 9, 1))  # the defaults
    expected = scipy.signal.savgol_filter(wide, width, polyorder=order, deriv=order)
    expected[..., :half] = expected[..., half, None]
    expected[..., n - half :] = expected[..., n - half - 1, None]
    assert_within(deltas, expected, bound)
    windows = np.lib.stride_tricks.sliding_window_view(wide, width, axis=-1)
    inner, j = deltas[..., half : n - half], np.arange(-half, half + 1)
    leading = np.polyfit(j, windows.reshape(-1, width).T, order)[0].reshape(inner.shape)
    assert_within(inner, math.factorial(order) * leading, bound)
    if order == 1:
        assert_within(inner, (windows * j).sum(axis=-1) / (j * j).sum(), bound)


@pytest.mark.parametrize(("width", "order"), [(51, 12), (101, 10), (201, 8), (9, 2), (3, 1)])
def test_the_weights_of_a_delta_sum_to_zero(width: int, order: int) -> None:
    """The delta of a constant is 0, also for wide windows and high orders, where powers of the
    frame numbers themselves would exceed the digits of a float."""
    weights = delta(np.eye(width), width, order)[:, width // 2]
    assert abs(weights.sum()) <= 1e-11 * np.abs(weights).max()
