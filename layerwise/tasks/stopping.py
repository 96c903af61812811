"""When each head of a bank has had enough: its best moment on dev, its learning rate, its end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regime:
    """How long and how fast to train.

    Attributes:
        steps: steps at most.
        evaluation: steps between two looks at dev.
        patience: looks without improvement after which a head stops, its learning rate halved after each of
            them; None: no head stops, and rates are constant.
    """

    steps: int
    evaluation: int
    patience: int | None


class Watch:
    """What is known of each head of a bank.

    Attributes:
        rates: learning rates now.
        best: the best metric on dev, the lower the better; infinite before the first look.
        loss: the dev loss there; of equal metrics the lower loss is the better.
        idle: looks since then.
        alive: heads that go on.
    """

    def __init__(self, rates: Floats, patience: int | None) -> None:
        self.patience = patience
        self.rates = rates.copy()
        self.best = np.full(len(rates), np.inf)
        self.loss = np.full(len(rates), np.inf)
        self.idle = np.zeros(len(rates), dtype=np.int64)
        self.alive = np.ones(len(rates), dtype=bool)

    def update(self, rows: NDArray[np.int64], metric: Floats, loss: Floats) -> NDArray[np.bool_]:
        """Take metric and loss on dev of the heads ``rows``; return which are better than before."""
        better: NDArray[np.bool_] = (metric < self.best[rows]) | (
            (metric == self.best[rows]) & (loss < self.loss[rows])
        )
        self.best[rows[better]], self.loss[rows[better]] = metric[better], loss[better]
        self.idle[rows] = np.where(better, 0, self.idle[rows] + 1)
        if self.patience is not None:
            self.rates[rows[~better]] /= 2
            self.alive[rows] &= self.idle[rows] < self.patience
        return better

    def state(self) -> dict[str, list[float]]:
        """What a checkpoint keeps."""
        return {name: getattr(self, name).tolist() for name in ("rates", "best", "loss", "idle", "alive")}

    def restore(self, state: dict[str, list[float]]) -> None:
        """Go on from a checkpoint."""
        for name, values in state.items():
            setattr(self, name, np.array(values, dtype=getattr(self, name).dtype))
