"""What the rules of alignment are made from: files and options of the aligner."""

PHONESETS = files_below("layerwise/align/phonesets")
ALIGNER = CONFIG.registry.find(AlignerSpec, CONFIG.aligner)


def mfa_model(kind):
    """The file that the config names, or where a model of MFA's collection is put; nothing if none is named."""
    name = getattr(CONFIG.alignment.mfa, kind)
    if name is None:
        return []
    suffix = "dict" if kind == "dictionary" else "zip"
    made = f"<run>/alignment/mfa/{kind}.{suffix}"
    return ancient(name) if Path(name).is_file() else made


def mfa_dictionary(wildcards):
    """The dictionary of the run, if MFA can be run here or has been."""
    made = (*MFA_ALIGNED, MFA_DROPPED, MFA_SPEECH)
    finished = all(Path(path.replace("<run>", RUN)).exists() for path in made)
    settings = workflow.deployment_settings
    planning = settings is not None and workflow.is_main_process
    by_conda = planning and DeploymentMethod.CONDA in settings.deployment_method
    if planning and not (finished or by_conda or shutil.which("mfa")):
        raise WorkflowError(
            f"`aligner: mfa`: the Montreal Forced Aligner (`mfa`) is not on the PATH: {MFA_INSTALL}"
        )
    return MFA_DICTIONARY


def aligner_files():
    """The files that the aligner's options name, and all files of the folders that they name."""
    chosen = options(CONFIG.options_of(ALIGNER))
    paths = [Path(chosen[key] or "") for key in ALIGNER.paths]
    for key, path in zip(ALIGNER.paths, paths):
        if not chosen[key] or not (path.exists() or ALIGNER.downloads):
            raise WorkflowError(
                f"`{ALIGNER.section or f'options.{ALIGNER.name}'}.{key}`: {chosen[key] or 'not given'}: "
                "nothing is there; put the alignment there or correct the path"
            )
    return [
        file
        for path in paths
        for file in (files_below(path) if path.is_dir() else [path.as_posix()])
    ]


def phone_table():
    """The table of phones that the aligner's options name, if they do."""
    named = options(CONFIG.options_of(ALIGNER)).get("phone_table")
    if named and not Path(named).is_file():
        raise WorkflowError(
            f"`{ALIGNER.section}.phone_table`: {named} does not exist; correct the path"
        )
    return [named] if named else []


def aligner_work():
    """Params of the alignment: its code, and what is passed on to it."""
    passed = options(CONFIG.options_of(ALIGNER))
    if CONFIG.aligner == "mfa":  # it has run by then, in an environment of its own
        checks = ("phone_set", "phone_table", "min_score", "min_rate", "max_rate")
        passed = {
            "archives": MFA_ALIGNED,
            "dropped": MFA_DROPPED,
            "speech": MFA_SPEECH,
            **{key: passed[key] for key in checks},
        }
        untracked = {}
    else:
        untracked = others(aligner_files())
    shared = options(CONFIG.alignment)
    return {
        "others": untracked,
        "aligner": CONFIG.aligner,
        "plugin": ALIGNER.code,
        "alignment": {key: shared[key] for key in ("lexicon", "max_unaligned")},
        "options": passed,
    }
