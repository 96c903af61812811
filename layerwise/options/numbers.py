"""What becomes of digits in texts."""

from typing import Literal

Numbers = Literal["keep", "english"]
