"""The two procedures that a run may follow (docs/cca.md): the published one and the corrected one."""

from typing import Literal

Protocol = Literal["corrected", "paper"]
