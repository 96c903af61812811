"""Take the vectors of the sampled words or phones out of a file."""

import pandas as pd
from _job import job, log, snakemake

from layerwise.analyses.vector_tables import missing_labels, read_vectors
from layerwise.files import write_csv, write_parquet

with job():
    segments = pd.read_parquet(snakemake.input.segments)
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
    write_parquet(vectors.rename(columns=str).reset_index(), snakemake.output.vectors)
    write_csv(missing, snakemake.output.missing)
