"""A run of a few steps that needs all that a run can need: networks of ours and of spaCy's.

Texts are longer than a window, so the network draws from the random numbers that shuffle the data.
"""

import json
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span

from tests.checkpoints import make_checkpoint

__all__ = ["N_STEPS", "make_config"]

N_STEPS = 9  # three passes over the data: so it is shuffled after the kill as before

CONFIG = """
[paths]
train = {data}
dev = {data}
log = null

[nlp]
lang = "en"
pipeline = ["tagger", "hf_ner"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
width = 8
depth = 1
embed_size = 20
window_size = 1
maxout_pieces = 2
subword_features = false
pretrained_vectors = null

[components.hf_ner]
factory = "hf_ner"

[components.hf_ner.model]
@architectures = "spacy_hf_ner.HFTokenClassifier.v1"
name = {checkpoint}
window = 16
mixed_precision = "none"
precision = "fp32"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${{paths.train}}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${{paths.dev}}

[training]
seed = 3
gpu_allocator = null
max_steps = 8
eval_frequency = 2

[training.before_update]
@callbacks = "tests.killed_at.v1"

[training.logger]
@loggers = "spacy_hf_ner.RunLogger.v1"
output_file = ${{paths.log}}

[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 2

[training.optimizer]
@optimizers = "Adam.v1"
use_averages = true

[training.optimizer.learn_rate]
@schedules = "spacy_hf_ner.warmup_linear.v1"
initial_rate = 0.01
total_steps = ${{training.max_steps}}
warmup = 0.1
"""

# Kills its process, as a machine does that is switched off.
CODE = """
import os, signal
from spacy.util import registry

@registry.callbacks("tests.killed_at.v1")
def make():
    def kill(nlp, args):
        if str(args["step"]) == os.environ.get("KILLED_AT"):
            os.kill(os.getpid(), signal.SIGKILL)
    return kill
"""


def make_config(folder: Path) -> Path:
    """Write a config, ``code.py``, data and a checkpoint to a folder, and return the config."""
    checkpoint = make_checkpoint(folder / "checkpoint", labels=("O", "B-PER", "I-PER"))
    nlp = spacy.blank("en")
    docs = [_make_doc(nlp.vocab, n_words) for n_words in (5, 40, 12, 33, 7)]
    data = folder / "train.spacy"
    DocBin(docs=docs).to_disk(data)
    (folder / "code.py").write_text(CODE, encoding="utf8")
    config = folder / "config.cfg"
    filled = CONFIG.format(data=json.dumps(str(data)), checkpoint=json.dumps(str(checkpoint)))
    config.write_text(filled, encoding="utf8")
    return config


def _make_doc(vocab: spacy.vocab.Vocab, n_words: int) -> Doc:
    words = ("Merkel saw Paris today and met Tim Cook in San José on Friday . " * 3).split()
    tags = ["NNP" if word.istitle() else "X" for word in words]
    doc = Doc(vocab, words=words[:n_words], tags=tags[:n_words])
    doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "LOC")]
    return doc
