# No code among its params: the checksum fixes what is fetched. An archive that is in place is never touched.
ARCHIVE = CONFIG.alignment.librispeech_alignments.path


if not Path(ARCHIVE).exists():

    SHARED.append(ARCHIVE)

    use rule job as download_alignments with:
        output:
            archive=ARCHIVE,
        pathvars:
            job="download_alignments",
        localrule: True
        resources:
            runtime=240,
        params:
            script="download_alignments.py",
        message:
            "Downloading the alignments of LibriSpeech to {output.archive}"
