"""TextGrids for tests, written by hand in the formats that readers meet."""

import json

import pandas as pd

GRID = {
    "words": [(0.0, 0.1, ""), (0.1, 0.5, "she"), (0.5, 1.0, "had"), (1.0, 1.2, "")],
    "phones": [
        (0.0, 0.1, ""), (0.1, 0.3, "SH"), (0.3, 0.5, "IY1"),
        (0.5, 0.6, "HH"), (0.6, 0.8, "AE1"), (0.8, 1.0, "D"), (1.0, 1.2, ""),
    ],
}  # fmt: skip
SECONDS = 1.2


def manifest(*utt_ids, text="she had", seconds=SECONDS, speaker="mary"):
    return pd.DataFrame(
        {
            "utt_id": utt_ids,
            "speaker": speaker,
            "text": text,
            "samples": round(16000 * seconds),
            "sample_rate": 16000,
        }
    )


def long_text(tiers, end=SECONDS):
    """Praat's long text format of [(name, [(start, end, label), ...]), ...] or a mapping."""
    tiers = list(tiers.items()) if isinstance(tiers, dict) else tiers
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, entries) in enumerate(tiers, start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {end} ", f"        intervals: size = {len(entries)} "]
        for place, (first, last, label) in enumerate(entries, start=1):
            quoted = label.replace('"', '""')
            lines += [f"        intervals [{place}]:", f"            xmin = {first} "]
            lines += [f"            xmax = {last} ", f'            text = "{quoted}" ']
    return "\n".join(lines) + "\n"


def short_text(tiers, end=SECONDS):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{end}", "<exists>"]
    lines.append(str(len(tiers)))
    for name, entries in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end}", str(len(entries))]
        for first, last, label in entries:
            quoted = label.replace('"', '""')
            lines += [f"{first}", f"{last}", f'"{quoted}"']
    return "\n".join(lines) + "\n"


def chronological_text(tiers, end=SECONDS):
    """Praat's chronological format, with its comments."""
    lines = ['"Praat chronological TextGrid text file"', f"0 {end}   ! Time domain."]
    lines.append(f"{len(tiers)}   ! Number of tiers.")
    lines += [f'"IntervalTier" "{name}" 0 {end}' for name in tiers]
    entries = [
        (first, number, last, label)
        for number, name in enumerate(tiers, start=1)
        for first, last, label in tiers[name]
    ]
    for first, number, last, label in sorted(entries):
        quoted = label.replace('"', '""')
        lines += ["", f"! {number}:", f"{number} {first} {last}", f'"{quoted}"']
    return "\n".join(lines) + "\n"


def json_text(tiers, end=SECONDS):
    """JSON as MFA writes it: no blanks, single-precision times."""
    import numpy as np

    content = {
        name: {
            "type": "interval",
            "entries": [
                [float(np.float32(a)), float(np.float32(b)), label] for a, b, label in entries if label
            ],
        }
        for name, entries in tiers.items()
    }
    return json.dumps({"start": 0, "end": end, "tiers": content}, ensure_ascii=False)
