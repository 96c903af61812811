"""Labels of any script in figures."""

import logging
from difflib import get_close_matches

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from layerwise.errors import ReportError
from layerwise.report.lettering import find_fonts

logger = logging.getLogger(__name__)
# A font of one weight stands in for bold titles, which is said for each of them otherwise.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def check_font(family: str) -> None:
    """Raise `ReportError` for a font that is not installed: another would be drawn in its place."""
    try:
        font_manager.findfont(family, fallback_to_default=False)
    except ValueError as error:
        installed = sorted(set(font_manager.get_font_names()))
        by_lower = {name.lower(): name for name in installed}
        near = get_close_matches(family.lower(), by_lower, n=3, cutoff=0.4)
        found = ", ".join(by_lower[name] for name in near) or ", ".join(installed[:5])
        raise ReportError(
            f"`style.font`: no font {family!r} is installed where figures are drawn; install it there (a "
            f".ttf or .otf file in ~/.local/share/fonts), or name one of those that are, such as {found}"
        ) from error


def set_fonts(figure: Figure) -> None:
    """Give the texts of a figure fonts that have their letters; where there is none, show code points.

    That is logged. Call it once nothing is added any more, before the figure is laid out.
    """
    axes: list[Axis] = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    ticks = {axis: [tick.get_text() for tick in axis.get_ticklabels()] for axis in axes}
    drawn = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    letters = find_fonts(
        [*(text.get_text() for text in drawn), *(t for some in ticks.values() for t in some)]
    )
    if len(letters.fonts) == 1 and not letters.missing:
        return
    for font in letters.fonts[1:]:
        font_manager.fontManager.addfont(font.path)
    # The font of the config stays first.
    families = list(dict.fromkeys([*mpl.rcParams["font.family"], *letters.families]))
    for axis, labels in ticks.items():
        if letters.missing.intersection("".join(labels)):
            axis.set_ticks(axis.get_ticklocs(), labels=list(map(letters.shown, labels)))
        axis.set_tick_params(labelfontfamily=families)
    for text in drawn:
        text.set_fontfamily(families)
        text.set_text(letters.shown(text.get_text()))
    if letters.missing:
        logger.warning(letters.caution)
