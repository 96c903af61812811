# No code inputs: the checksum fixes what is fetched. An archive that is in place is never touched.
ALIGNER_FILES = [CONFIG.alignment.librispeech_alignments.path]


if not Path(ALIGNER_FILES[0]).exists():

    rule download_alignments:
        """Fetch the published alignments of LibriSpeech; runs only where the archive is missing."""
        output:
            archive=ALIGNER_FILES[0],
        log:
            f"{RUN}/logs/download_alignments.log",
        conda:
            "../envs/layerwise.yaml"
        resources:
            mem_mb=1000,
            runtime=240,
        message:
            "Downloading the alignments of LibriSpeech to {output.archive}"
        script:
            "../scripts/download_alignments.py"
