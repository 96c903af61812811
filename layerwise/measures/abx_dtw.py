"""Distances of tokens by dynamic time warping, many pairs at a time.

The frames of the second tokens lie side by side (all first frames of tokens of one length, then all second
frames, ...), so that the innermost loops run over tokens and become vector instructions.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays; it releases the GIL."""
    kept: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return kept


# asin(x) = x + x R(x^2) for |x| <= 1/2, R = P / Q: coefficients of fdlibm (Sun Microsystems), exact to one
# unit in the last place.
_P = (
    1.66666666666666657415e-01,
    -3.25565818622400915405e-01,
    2.01212532134862925881e-01,
    -4.00555345006794114027e-02,
    7.91534994289814532176e-04,
    3.47933107596021167570e-05,
)
_Q = (
    -2.40339491173441421878,
    2.02094576023350569471,
    -6.88283971605453293030e-01,
    7.70381505559019352791e-02,
)


_ONE = 1 - 1e-14
_STEP = 2.0**-40
_STEPS = 1 / (_STEP * np.pi)


@compiled
def angles(cosines: NDArray[Any]) -> None:
    """Replace cosines (n, m), clipped to [-1, 1], by angles over pi, rounded to multiples of 2^-40.

    Sums of such numbers are exact, so that paths and distances that are equal on paper are equal here, in
    whatever order they were added. A cosine as near to 1 as rounding makes that of equal frames counts as 1.
    """
    for row in range(cosines.shape[0]):
        values = cosines[row]
        for column in range(values.size):
            cosine = values[column]
            size = abs(cosine)
            size = size if size < _ONE else 1.0
            outer = size > 0.5
            square = 0.5 * (1.0 - size) if outer else size * size
            root = np.sqrt(square) if outer else size
            numerator = square * (
                _P[0]
                + square * (_P[1] + square * (_P[2] + square * (_P[3] + square * (_P[4] + square * _P[5]))))
            )
            denominator = 1.0 + square * (_Q[0] + square * (_Q[1] + square * (_Q[2] + square * _Q[3])))
            sine = root + root * (numerator / denominator)
            # acos(|x|): 2 asin(sqrt((1 - |x|) / 2)) near 1, pi / 2 - asin(|x|) elsewhere
            angle = 2.0 * sine if outer else 0.5 * np.pi - sine
            values[column] = np.rint((angle if cosine >= 0 else np.pi - angle) * _STEPS) * _STEP


@compiled
def warp(
    lattice: NDArray[Any],
    row_first: NDArray[np.int64],
    row_length: NDArray[np.int64],
    group_first: NDArray[np.int64],
    group_length: NDArray[np.int64],
    group_size: NDArray[np.int64],
    forward: NDArray[Any],
    backward: NDArray[Any],
) -> None:
    """Warp every row token onto every column token; cost of the best path over its number of cells.

    Steps (1, 0), (0, 1) and (1, 1) have weight 1 and there is no band. The path is the one found by
    backtracking: diagonal if no worse than both others, else one back in the second token if no worse than
    one back in the first. Where that breaks a tie, the distance depends on which token is first.

    Args:
        lattice: distances of frames (frames of rows, frames of columns).
        row_first: first frame of each row token.
        row_length: number of its frames.
        group_first: first column of each group of column tokens of one length; frame j of its token k is
            in column group_first + j * group_size + k.
        group_length: number of frames of its tokens.
        group_size: number of tokens.
        forward: (rows, columns in order of the groups), to be filled: the row token is the first.
        backward: the same, the column token is the first.
    """
    width, depth = 1, 1
    for group in range(group_size.size):
        width, depth = max(width, group_size[group]), max(depth, group_length[group])
    # Cost, and cells of the path in either order of the tokens, of the last two rows of the lattice.
    cost = np.empty((2, depth, width), lattice.dtype)
    cells = np.empty((2, depth, width), lattice.dtype)
    swapped = np.empty((2, depth, width), lattice.dtype)
    for row in range(row_first.size):
        done = 0
        for group in range(group_size.size):
            size, length, first = group_size[group], group_length[group], group_first[group]
            for i in range(row_length[row]):
                frame = lattice[row_first[row] + i]
                now, before = i % 2, 1 - i % 2
                for j in range(length):
                    here = frame[first + j * size : first + (j + 1) * size]
                    best, steps, other = cost[now, j], cells[now, j], swapped[now, j]
                    if i == 0 and j == 0:
                        for k in range(size):
                            best[k] = here[k]
                            steps[k] = 1
                            other[k] = 1
                    elif i == 0 or j == 0:
                        # At the edge there is one way only.
                        source = cost[now, j - 1] if i == 0 else cost[before, j]
                        taken = i + j + 1
                        for k in range(size):
                            best[k] = source[k] + here[k]
                            steps[k] = taken
                            other[k] = taken
                    else:
                        diagonal, left, up = cost[before, j - 1], cost[now, j - 1], cost[before, j]
                        steps_d, steps_l, steps_u = cells[before, j - 1], cells[now, j - 1], cells[before, j]
                        other_d, other_l, other_u = (
                            swapped[before, j - 1],
                            swapped[now, j - 1],
                            swapped[before, j],
                        )
                        for k in range(size):
                            d, le, u = diagonal[k], left[k], up[k]
                            side = le if le <= u else u
                            best[k] = (d if d <= side else side) + here[k]
                            steps_side = steps_l[k] if le <= u else steps_u[k]
                            steps[k] = (steps_d[k] if d <= side else steps_side) + 1
                            other_side = other_u[k] if u <= le else other_l[k]
                            other[k] = (other_d[k] if d <= side else other_side) + 1
            last = (row_length[row] - 1) % 2
            for k in range(size):
                forward[row, done + k] = cost[last, length - 1, k] / cells[last, length - 1, k]
                backward[row, done + k] = cost[last, length - 1, k] / swapped[last, length - 1, k]
            done += size
