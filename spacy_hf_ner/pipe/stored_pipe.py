"""How a component over a token classifier is stored: in a folder or in bytes, whole or not."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
from spacy import util
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.cards.checkpoint_card import Usage, write_checkpoint_card
from spacy_hf_ner.cards.notes import read_card_notes
from spacy_hf_ner.cards.sealing import CARD_FILE, read_edited
from spacy_hf_ner.core.replacing import complete_swap, replace_folder
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.model.notes import is_saved_model_file
from spacy_hf_ner.pipe.labelled_pipe import LabelledPipe
from spacy_hf_ner.pipe.stored_cfg import parse_cfg, to_plain

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["StoredPipe"]

_NO_LANGUAGE = "xx"
_SETTINGS_IN_CFG = ("threshold",)  # where `spacy find-threshold` sets it


class StoredPipe(LabelledPipe):
    """A component that is stored with its model, and with settings changed since its config.

    Attributes:
        factory: The name under which spaCy knows it.
    """

    factory = ""

    def __init__(self, vocab: Vocab, model: Model[Any, Any], name: str) -> None:
        super().__init__(vocab, model, name)
        self._configured: dict[str, Any] = {}  # the settings as the config gave them
        self._edited_card: str | None = None  # that of the model, where people have edited it

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write ``cfg``, ``vocab`` and the folder ``model``, which is a Hugging Face checkpoint.

        A checkpoint that was not used yet is loaded, so that what is saved is whole. An older
        component in the folder stays until all of this one is written, and so does a model card
        in it that people have edited.

        Raises:
            OutputError: The folder cannot be written. What was there stays.
        """
        exclude = list(exclude)
        serialize: dict[str, Callable[[Path], None]] = {
            "cfg": lambda file: srsly.write_json(file, self._stored_cfg()),
            "vocab": lambda folder: self.vocab.to_disk(folder, exclude=exclude),
            "model": lambda folder: self._write_model(folder, in_place_of=Path(path, "model")),
        }
        is_outdated = None if "model" in exclude else is_saved_model_file
        with replace_folder(Path(path), marker="cfg", is_outdated=is_outdated) as fresh:
            util.to_disk(fresh, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what :meth:`to_disk` wrote; the source checkpoint and the network are not needed.

        Raises:
            CheckpointError: It is damaged. The component stays as it was, as with other errors.
        """
        deserialize: dict[str, Any] = {
            "cfg": lambda file: self._unpack_cfg(file.read_bytes()),
            "vocab": lambda folder: self.vocab.from_disk(folder, exclude=exclude),
            "model": self._read_model,
        }
        complete_swap(Path(path))
        with self._unchanged_on_error():
            util.from_disk(path, deserialize, exclude)
        self._add_label_strings()
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the files that :meth:`to_disk` writes, packed."""
        serialize: dict[str, Callable[[], bytes]] = {
            "cfg": lambda: srsly.json_dumps(self._stored_cfg()).encode("utf8"),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: pack_folder(self._write_model),
        }
        return util.to_bytes(serialize, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what :meth:`to_bytes` returned.

        Raises:
            CheckpointError: It is damaged. The component stays as it was, as with other errors.
        """
        deserialize: dict[str, Callable[[bytes], object]] = {
            "cfg": self._unpack_cfg,
            "vocab": lambda packed: self.vocab.from_bytes(packed, exclude=exclude),
            "model": self._unpack_model,
        }
        with self._unchanged_on_error():
            util.from_bytes(bytes_data, deserialize, exclude)
        self._add_label_strings()
        return self

    def note_config(self, **settings: object) -> None:
        """Set settings to what the pipeline's config has been given, too.

        They are no changes since the config then, and a config that is edited later wins over them.
        """
        for name, value in settings.items():
            setattr(self, name, value)
        self._configured = {**self._configured, **settings}

    def _stored_cfg(self) -> dict[str, Any]:
        """Return the values of ``cfg`` that are saved, with settings changed since the config.

        The pipeline's config.cfg still has what it was made with. Beside each new value stands
        that one, so that a config which is edited later wins over what was changed before.
        """
        stored = dict(self.cfg)
        for name in _SETTINGS_IN_CFG:
            stored.pop(name, None)
        changed: dict[str, Any] = {}
        for name, value in self.read_settings().items():
            configured = self._configured.get(name, value)
            if value != configured:
                changed[name] = {"config": configured, "value": to_plain(value)}
        if changed:
            stored["settings"] = changed
        return stored

    def _read_cfg(self, stored: dict[str, Any]) -> None:
        """Take over what :meth:`_stored_cfg` returned."""
        read_card_notes(stored.get("card"))  # whatever is damaged is refused when loaded
        changed = stored.pop("settings", {})
        self.cfg.update(stored)
        for name, setting in changed.items():
            if self._configured.get(name) == setting["config"]:
                setattr(self, name, setting["value"])

    def _unpack_cfg(self, content: bytes) -> None:
        """Take over what is stored as ``cfg``."""
        with reading("cfg", self.name):
            self._read_cfg(parse_cfg(content))

    @contextlib.contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Have a component that is read over stay as it was, if what is read turns out damaged."""
        cfg = copy.deepcopy(self.cfg)
        attributes = dict(self.__dict__)
        try:
            with reading("the saved component", self.name):
                yield
        except BaseException:
            self.cfg.clear()
            self.cfg.update(cfg)
            self.__dict__.update(attributes)
            raise

    def write_card(self, folder: Path, *, in_place_of: Path | None = None) -> None:
        """Write the model card to the folder of a checkpoint that this component has written.

        Args:
            folder: The folder.
            in_place_of: The folder that it will replace: a card there that people have edited
                stays, as does one that was read with the model.
        """
        edited = None
        if in_place_of is not None:
            edited = read_edited(in_place_of)
        edited = edited or self._edited_card
        if edited is not None:
            (folder / CARD_FILE).write_text(edited, encoding="utf8")
            return
        usage = Usage(
            lang=self.vocab.lang or _NO_LANGUAGE,
            factory=self.factory,
            settings=self._card_settings(),
            is_calibrated=self.cfg["calibration"] is not None,
        )
        write_checkpoint_card(folder, read_card_notes(self.cfg.get("card")), usage)

    def _card_settings(self) -> dict[str, Any]:
        """Return the settings without which nobody could use the model as it is used here."""
        return {}

    def _write_model(self, folder: Path, *, in_place_of: Path | None = None) -> None:
        self.classifier.load(self.scheme)
        self.classifier.write(folder)
        self.write_card(folder, in_place_of=in_place_of)

    def _read_model(self, folder: Path) -> None:
        self.classifier.read(folder, self.scheme)
        self._edited_card = read_edited(folder)

    def _unpack_model(self, packed: bytes) -> None:
        with unpack_folder(packed) as folder:
            self._read_model(folder)
