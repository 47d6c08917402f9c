"""The default configuration learns from little: 100 sentences and 5 epochs give a model, not a
collapse to "O"."""

from pathlib import Path

import spacy
from spacy import util
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

from spacy_hf_ner.cli.encoder import MINILM, fetch_encoder
from spacy_hf_ner.cli.init_config import count_steps
from spacy_hf_ner.corpus.conversion import convert_corpus

ROOT = Path(__file__).parents[1]
N_SENTENCES, N_EPOCHS = 100, 5
N_STEPS = 134  # as many batches as the epochs have


def test_a_hundred_sentences_and_five_epochs_give_a_model(tmp_path: Path) -> None:
    for part in ("train", "dev"):
        convert_corpus(
            str(ROOT / "corpus" / "sample" / f"{part}.conll"), tmp_path / f"{part}.spacy"
        )
    blank = spacy.blank("en")
    docs, n_sentences = DocBin(store_user_data=True), 0
    for doc in DocBin().from_disk(tmp_path / "train.spacy").get_docs(blank.vocab):
        if n_sentences < N_SENTENCES:
            docs.add(doc)
            n_sentences += len(list(doc.sents))
    docs.to_disk(tmp_path / "train.spacy")
    fetch_encoder(tmp_path / "encoder", name=MINILM.name)
    overrides = {
        "paths.train": str(tmp_path / "train.spacy"),
        "paths.dev": str(tmp_path / "dev.spacy"),
        "paths.encoder": str(tmp_path / "encoder"),
        "training.max_steps": N_STEPS,
        "training.eval_frequency": 1000,
    }
    config = util.load_config(ROOT / "configs" / "hf_ner.cfg", overrides=overrides)
    assert count_steps(config, N_EPOCHS) == N_STEPS
    nlp, _ = train(init_nlp(config), None)
    scores = nlp.evaluate(list(Corpus(tmp_path / "dev.spacy")(nlp)))
    assert scores["ents_f"] > 0.35
    assert min(one["f"] for one in scores["ents_per_type"].values()) > 0.0
