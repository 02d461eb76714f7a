"""One synthetic clip through every stage of the MFCC: python docs/figures/stages.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib

from experiment.scenes import scene
from mfcc.display import stages


def main() -> None:
    """Write stages.png beside this file."""
    matplotlib.use("Agg")
    figure = stages(scene("bird_song", 3), 44100, title="bird_song, take 3")
    figure.savefig(Path(__file__).with_suffix(".png"), metadata={"Software": None})


if __name__ == "__main__":
    main()
