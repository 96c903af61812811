"""VG-HuBERT (Peng and Harwath, arXiv 2203.15081): ``vghubert:FOLDER``.

Like FaST-VGS, but the CLS vector, if there is one, joins after the positional convolution, and waveforms are
normalised only if the model was trained so (the published ones were not). Layer 0 of the authors' numbering
is ``T1`` here.
"""

from layerwise.models.base import LoadOptions
from layerwise.models.fastvgs import Family, VisuallyGrounded, load_bundle

VG_HUBERT = Family(
    name="VG-HuBERT",
    prefix="audio_encoder.",
    pos_conv="pos_conv.",
    cls_first=False,
    always=False,
    unused=(
        *("trm", "visual_cls_token_proj", "visual_feats_proj"),  # images
        *("audio_cls_token_proj", "audio_feats_proj"),  # audio above the transformer
    ),
)


def load(location: str, options: LoadOptions) -> VisuallyGrounded:
    """Load VG-HuBERT."""
    return load_bundle(VG_HUBERT, location, options)
