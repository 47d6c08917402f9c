"""Which layer each parameter of a network is part of. Families name and nest layers differently."""

from collections.abc import Iterator

import torch
from torch import nn

from spacy_hf_ner.model.network import Network, get_device, get_inputs, share_weights

__all__ = ["LayerOrder"]

_N_SUBWORDS = 16  # that are read to see what runs when


class LayerOrder:
    """When each part of a network begins to run, counted in modules, and so what lies below what.

    Args:
        network: The network, which reads a few subwords.
    """

    def __init__(self, network: Network) -> None:
        # The copy has the network's own parameters, but takes hooks and changes for itself.
        self._network = share_weights(network).eval()
        self._starts: dict[nn.Module, int] = {}
        hooks = [
            module.register_forward_pre_hook(self._note_start) for module in self._network.modules()
        ]
        ids = torch.ones(1, _N_SUBWORDS, dtype=torch.int64, device=get_device(network))
        inputs = {"input_ids": ids}
        if "attention_mask" in get_inputs(network):
            inputs["attention_mask"] = torch.ones_like(ids)
        with torch.inference_mode():
            self._network(**inputs)
        for hook in hooks:
            hook.remove()
        self._layers = self._find_layers(self._network.base_model)

    def _note_start(self, module: nn.Module, _inputs: object) -> None:
        self._starts.setdefault(module, len(self._starts))

    @property
    def n_layers(self) -> int:
        """The number of layers."""
        return len(self._layers[0]) if self._layers else 0

    def find_parameters_below(self, n_layers: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of what runs before the first layer that is not among the lowest."""
        end = self._find_end(n_layers)
        for start, parameter in self._list_parameters(self._network, start=0):
            if start < end:
                yield parameter

    def find_levels(self) -> dict[nn.Parameter, int]:
        """Return on which level each parameter lies.

        ::

            embeddings  layer 0  layer 1  norm  head
            0           1        2        3     3

        Where no layers are found, all parameters lie on one level.
        """
        top = self.n_layers + 1 if self.n_layers else 0
        levels = dict.fromkeys(self._network.parameters(), top)
        # From above, so that each parameter ends on the lowest level that it is part of.
        for level in reversed(range(top)):
            for parameter in self.find_parameters_below(level):
                levels[parameter] = level
        return levels

    def _find_end(self, n_layers: int) -> int:
        """Return when the first part runs that lies above some layers."""
        if n_layers < self.n_layers:
            return min(self._get_start(parts[n_layers]) for parts in self._layers)
        last = 0
        for parts in self._layers:
            for module in parts[-1].modules():
                last = max(last, self._starts.get(module, 0))
        return last + 1

    def _list_parameters(self, module: nn.Module, start: int) -> Iterator[tuple[int, nn.Parameter]]:
        """Yield each parameter with the start of the module that it is part of.

        A module that did not run, such as an expert that was not asked, starts with what it is in.
        """
        start = self._starts.get(module, start)
        for parameter in module.parameters(recurse=False):
            yield start, parameter
        for child in module.children():
            yield from self._list_parameters(child, start)

    def _find_layers(self, encoder: nn.Module) -> list[list[nn.Module]]:
        """Return the lists of what layers consist of, each from the lowest to the highest.

        Layers are the list of modules that holds most of the encoder, or one as long that runs
        before it, as encoders do before decoders. Where the parts of a layer have lists of their
        own, as in XLM, these run by turns.
        """
        lists: list[list[nn.Module]] = []
        for modules in _find_outer_lists(encoder):
            layers = self._sort_by_start(modules)
            if layers:
                lists.append(layers)
        if not lists:
            return []
        n_layers = len(max(lists, key=_count_weights))
        same_length = [layers for layers in lists if len(layers) == n_layers]
        first = min(same_length, key=lambda layers: self._get_start(layers[0]))
        return [layers for layers in same_length if self._run_by_turns(first, layers)]

    def _sort_by_start(self, modules: nn.ModuleList) -> list[nn.Module]:
        """Return the modules of a list that ran, in the order in which they did."""
        ran: list[nn.Module] = []
        for module in _flatten(modules):
            if self._find_start(module) is not None:
                ran.append(module)
        return sorted(ran, key=self._get_start)

    def _run_by_turns(self, first: list[nn.Module], other: list[nn.Module]) -> bool:
        """Tell whether a list begins to run before the first one has ended."""
        return self._get_start(other[0]) <= self._get_start(first[-1])

    def _get_start(self, module: nn.Module) -> int:
        start = self._find_start(module)
        assert start is not None
        return start

    def _find_start(self, module: nn.Module) -> int | None:
        """Return when a module began to run, or else the first part of it; None if none did.

        SqueezeBERT calls its layers in a way that no hook sees. XLM's layers share a function, so
        what ran itself is not asked for its parts.
        """
        if module in self._starts:
            return self._starts[module]
        starts = [self._starts[part] for part in module.modules() if part in self._starts]
        return min(starts, default=None)


def _find_outer_lists(module: nn.Module) -> Iterator[nn.ModuleList]:
    """Yield the lists of modules in a module, but not those inside of others."""
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield child
        else:
            yield from _find_outer_lists(child)


def _flatten(modules: nn.ModuleList) -> Iterator[nn.Module]:
    """Yield the modules of a list, and of lists in it, as the blocks of Funnel are."""
    for module in modules:
        if isinstance(module, nn.ModuleList):
            yield from _flatten(module)
        else:
            yield module


def _count_weights(modules: list[nn.Module]) -> int:
    """Return the number of weights in modules, tables of embeddings not counted."""
    n_weights = 0
    for module in modules:
        for part in module.modules():
            if not isinstance(part, nn.Embedding):
                n_weights += sum(weight.numel() for weight in part.parameters(recurse=False))
    return n_weights
