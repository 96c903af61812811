"""Take the vectors of the sampled words or phones out of a file."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.analyses.vector_tables import missing_labels, read_vectors
from layerwise.contracts.samples import SEGMENTS
from layerwise.contracts.vectors import MISSING_VECTORS, VECTORS

with job():
    segments = contracts.read(SEGMENTS, snakemake.input.segments)
    labels = segments.loc[segments.kind == snakemake.params.unit, "label"]
    vectors = read_vectors(snakemake.input.file, set(labels))
    missing = missing_labels(labels, vectors)
    log.info(
        "%s: %d of %d %ss have a vector of %d dimensions; %d segments have none%s",
        snakemake.input.file,
        len(vectors),
        labels.nunique(),
        snakemake.params.unit,
        vectors.shape[1],
        missing.segments.sum(),
        ": " + ", ".join(missing.label) if len(missing) else "",
    )
    contracts.write(VECTORS, vectors.rename(columns=str).reset_index(), snakemake.output.vectors)
    contracts.write(MISSING_VECTORS, missing, snakemake.output.missing)
