"""python -m mfcc CLIP: a table of MFCC statistics of one recording."""

import sys

from . import load, mfcc
from .audio import SAMPLE_RATE


def main(arguments: list[str]) -> int:
    """Print a table of statistics per coefficient; return 0, or 2 for invalid input."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m mfcc CLIP", file=sys.stderr)
        return 2
    try:
        signal = load(arguments[0], SAMPLE_RATE, duration=None)
        coefficients = mfcc(signal, SAMPLE_RATE)  # (13, n_frames)
        seconds = len(signal) / SAMPLE_RATE
        lines = [f"{seconds:.2f} s at {SAMPLE_RATE} Hz, MFCC {coefficients.shape}"]
        lines += [f"{'':>4}{'mean':>10}{'std':>10}{'min':>10}{'max':>10}"]
        for k, c in enumerate(coefficients):
            numbers = c.mean(), c.std(), c.min(), c.max()
            lines.append(f"{f'c{k}':>4}" + "".join(f"{number:10.2f}" for number in numbers))
        print("\n".join(lines))
        return 0
    except Exception as error:
        text = str(error) or type(error).__name__
        safe = (c if c.isprintable() else ascii(c)[1:-1] for c in text)  # for any terminal
        print(f"mfcc: {''.join(safe)}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
