"""Families of speech models."""

from layerwise.specs.spec import ModelSpec

TRANSFORMERS_FILES = ("*.json", "*.safetensors", "*.bin", "*.pt", "*.pth")
CHECKPOINT_GUIDE = "docs/models-checkpoints.md"

MODELS = (
    ModelSpec(
        name="huggingface",
        title="transformers encoder with a conv stem",
        code="layerwise.models.conv_stem:load",
        files=TRANSFORMERS_FILES,
        model_types=("*",),
    ),
    ModelSpec(
        name="whisper",
        title="Whisper encoder",
        code="layerwise.models.whisper:load",
        files=TRANSFORMERS_FILES,
        model_types=("whisper",),
    ),
    ModelSpec(
        name="wav2vec2-bert",
        title="w2v-BERT 2.0",
        code="layerwise.models.wav2vec2_bert:load",
        files=TRANSFORMERS_FILES,
        model_types=("wav2vec2-bert",),
    ),
    ModelSpec(
        name="parakeet",
        title="Parakeet (FastConformer) encoder",
        code="layerwise.models.parakeet:load",
        files=TRANSFORMERS_FILES,
        model_types=("parakeet_ctc", "parakeet_rnnt", "parakeet_tdt", "parakeet_encoder"),
    ),
    ModelSpec(
        name="qwen2-audio",
        title="Qwen2-Audio's audio encoder",
        code="layerwise.models.qwen2_audio:load",
        files="layerwise.specs.parts:qwen2_audio_files",
        model_types=("qwen2_audio", "qwen2_audio_encoder"),
    ),
    ModelSpec(
        name="mimi",
        title="Mimi's encoder",
        code="layerwise.models.mimi:load",
        files=TRANSFORMERS_FILES,
        model_types=("mimi", "mimi_encoder"),
    ),
    ModelSpec(
        name="avhubert",
        title="AV-HuBERT, audio stream",
        code="layerwise.models.avhubert:load",
        files=("",),
        guide=CHECKPOINT_GUIDE,
        licence="non-commercial research only (licence of av_hubert)",
    ),
    ModelSpec(
        name="fastvgs",
        title="FaST-VGS and FaST-VGS+, audio layers",
        code="layerwise.models.fastvgs:load",
        files=("best_bundle.pth", "args.pkl"),
        guide=CHECKPOINT_GUIDE,
    ),
    ModelSpec(
        name="vghubert",
        title="VG-HuBERT, audio layers",
        code="layerwise.models.vghubert:load",
        files=("best_bundle.pth", "args.pkl"),
        guide=CHECKPOINT_GUIDE,
    ),
    ModelSpec(
        name="logmel",
        title="log-mel baseline",
        code="layerwise.models.logmel:load",
        located=False,
    ),
    ModelSpec(
        name="prosody",
        title="F0, voicing and energy",
        code="layerwise.models.prosody:load",
        located=False,
    ),
)
