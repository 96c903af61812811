"""Recognition of label sequences with CTC: phones and characters."""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from layerwise.contracts.columns import SPLITS
from layerwise.options.protocol import Protocol
from layerwise.tasks.ctc import BLANK, collapse, ctc_losses, frames_needed
from layerwise.tasks.data import (
    Batch,
    Labels,
    Split,
    Task,
    TaskCorpus,
    check_columns,
    check_splits,
    split_rows,
)
from layerwise.tasks.pronunciations import first_pronunciations
from layerwise.tasks.scores import edit_counts


class Recognition(ABC):
    """A label sequence per utterance, by CTC on its frames; greedy decoding, no language model.

    Outputs are the blank and the labels of train. A label that only dev or test has cannot be emitted: it is
    listed and counts as an error. Utterances without labels, or with more labels than CTC can emit in their
    frames, are excluded and listed.

    Raises:
        TaskError: the corpus has no labels, or a split is empty.
    """

    what = "label"
    watched = 0
    loss_on_dev = False

    def __init__(self, corpus: TaskCorpus, task: Task, protocol: Protocol) -> None:
        self.merge_after_blanks = False
        sequences = self.sequences(corpus, task)
        rows: dict[str, dict[str, Labels]] = {}
        for split, part in split_rows(corpus.manifest).items():
            rows[split] = {
                utt_id: sequences[utt_id]
                for utt_id in part["utt_id"]
                if utt_id in sequences and self._usable(utt_id, split, sequences[utt_id], corpus)
            }
        check_splits(task.name, corpus.model, {split: len(rows[split]) for split in SPLITS})
        self.symbols = ("", *sorted({label for labels in rows["train"].values() for label in labels}))
        self.outputs = len(self.symbols)
        self.splits = {split: self._split(split, rows[split], corpus) for split in SPLITS}

    @abstractmethod
    def sequences(self, corpus: TaskCorpus, task: Task) -> Mapping[str, Labels]:
        """Return the labels of each utterance that has some, and note the others."""

    def _usable(self, utt_id: str, split: str, labels: Labels, corpus: TaskCorpus) -> bool:
        needed, there = frames_needed(labels), corpus.lengths[utt_id]
        if needed > there:
            reason = f"CTC needs {needed} frames for {len(labels)} labels and there are {there}"
            corpus.notes.exclude(utt_id, split, reason)
        elif split == "train" and corpus.longest and there > corpus.longest:
            reason = f"{there} frames are more than `longest` allows in train ({corpus.longest})"
            corpus.notes.exclude(utt_id, split, reason)
            return False
        return needed <= there

    def _split(self, split: str, rows: Mapping[str, Labels], corpus: TaskCorpus) -> Split:
        number = {symbol: index for index, symbol in enumerate(self.symbols)}
        for labels in rows.values():
            for label in labels:
                if label not in number:
                    note = f"a {self.what} of {split} that train lacks: an error wherever it occurs"
                    corpus.notes.caution("unknown label", label, note)
        # Without unknown labels; an utterance of nothing else has a target all the same, for the loss on dev.
        targets = tuple(
            tuple(number[label] for label in labels if label in number) or (BLANK + 1,)
            for labels in rows.values()
        )
        return Split(tuple(rows), tuple(rows.values()), targets)

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """CTC loss per label."""
        items = len(batch.rows)
        losses = ctc_losses(
            logits.view(-1, items, *logits.shape[1:]), batch.targets, batch.lengths, batch.target_lengths
        )
        return losses / losses.new_tensor(batch.target_lengths).unsqueeze(1)

    def decode(self, logits: Tensor, batch: Batch) -> list[list[Labels]]:
        """Best output of each frame, repeats merged, blanks dropped."""
        items, heads = len(batch.rows), logits.shape[1]
        best = logits.argmax(dim=-1).view(-1, items, heads).cpu().numpy()
        return [
            [self._labels(best[:length, item, head]) for item, length in enumerate(batch.lengths)]
            for head in range(heads)
        ]

    def _labels(self, path: NDArray[np.int64]) -> Labels:
        best = collapse(path, merge_after_blanks=self.merge_after_blanks)
        return tuple(self.symbols[number] for number in best)

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """Edits and length of the reference, in labels."""
        return edit_counts(references, predicted)[None]

    def text(self, labels: Labels) -> str:
        """The labels, separated by spaces."""
        return " ".join(labels)


class PhoneRecognition(Recognition):
    """Phones: of a lexicon, the first pronunciation of each word, or of the alignment.

    Guessed words are listed; utterances with a word without pronunciation, or without intervals, are
    excluded.

    ``paper`` reproduces S3PRL's decoder of this task, which drops blanks *before* it merges repeats and so
    loses genuine doubles (``S _ S`` becomes ``S``).
    """

    what = "phone"

    def __init__(self, corpus: TaskCorpus, task: Task, protocol: Protocol) -> None:
        super().__init__(corpus, task, protocol)
        self.merge_after_blanks = protocol == "paper"

    def sequences(self, corpus: TaskCorpus, task: Task) -> Mapping[str, Labels]:
        """Phones of each utterance."""
        return _aligned(corpus) if task.labels == ("alignment",) else _pronounced(corpus)


class CharacterRecognition(Recognition):
    """Characters of a column with text, words between spaces; word and character error rate.

    A character is a code point of Unicode, as in published character error rates: a vowel sign or a tone mark
    counts like a letter.

    A head is best where its character error rate on dev is, but for ``paper``, where its word error rate is:
    a light head on little data gets few whole words right, and their rate says little of its progress.
    """

    what = "character"

    def __init__(self, corpus: TaskCorpus, task: Task, protocol: Protocol) -> None:
        super().__init__(corpus, task, protocol)
        self.watched = 0 if protocol == "paper" else 1

    def sequences(self, corpus: TaskCorpus, task: Task) -> Mapping[str, Labels]:
        """Code points of each utterance, accents composed (NFC); white space is one space."""
        check_columns(task, corpus.manifest)
        (column,) = task.labels
        found: dict[str, Labels] = {}
        for utt_id, split, text in _texts(corpus, column):
            if text:
                found[utt_id] = tuple(unicodedata.normalize("NFC", " ".join(text)))
            else:
                corpus.notes.exclude(utt_id, split, f"no text in column {column!r}")
        return found

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """Edits and length of the reference, in words and in characters."""
        words = [self.text(labels).split() for labels in references]
        said = [self.text(labels).split() for labels in predicted]
        return np.stack(
            [edit_counts(words, said), edit_counts(references, [_stripped(p) for p in predicted])]
        )

    def text(self, labels: Labels) -> str:
        """The characters as text."""
        return "".join(labels)


def _stripped(labels: Labels) -> Labels:
    return tuple("".join(labels).strip())


def _texts(corpus: TaskCorpus, column: str) -> Iterator[tuple[str, str, list[str]]]:
    """Id, split and words of each utterance."""
    rows = corpus.manifest
    for utt_id, split, text in zip(rows["utt_id"], rows["split"], rows[column], strict=True):
        yield str(utt_id), str(split), [] if pd.isna(text) else str(text).split()


def _aligned(corpus: TaskCorpus) -> dict[str, Labels]:
    """Phones of the alignment."""
    phones = corpus.intervals[corpus.intervals["tier"] == "phone"]
    phones = phones.sort_values(["utt_id", "start"], kind="stable")
    found: dict[str, Labels] = {
        str(utt_id): tuple(part) for utt_id, part in phones.groupby("utt_id")["label"]
    }
    for utt_id, split, _ in _texts(corpus, "utt_id"):
        if utt_id not in found:
            corpus.notes.exclude(utt_id, split, "no phone intervals: not aligned")
    return found


def _pronounced(corpus: TaskCorpus) -> dict[str, Labels]:
    """Phones of the words of the text."""
    texts = [(utt_id, split, [w.lower() for w in words]) for utt_id, split, words in _texts(corpus, "text")]
    words = {word for _, _, text in texts for word in text}
    phones, guessed = first_pronunciations(words, corpus.lexicon, guess=corpus.guess)
    found: dict[str, Labels] = {}
    for utt_id, split, text in texts:
        unknown = next((word for word in text if word not in phones), None)
        if not text:
            corpus.notes.exclude(utt_id, split, "no text")
        elif unknown is not None:
            reason = f"no pronunciation of {unknown!r}; add it to `alignment.lexicon`"
            corpus.notes.exclude(utt_id, split, reason)
        else:
            found[utt_id] = tuple(phone for word in text for phone in phones[word])
            for word in guessed.intersection(text):
                corpus.notes.caution("guessed word", word, " ".join(phones[word]), text.count(word))
    return found
