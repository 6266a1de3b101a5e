"""Which model a role gets: those it names, then the default ones, of those present and able."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sutazai_contracts.models import ModelInfo
from sutazai_kit.slots.port import Chosen, Wish

DEFAULT = "default"
LATEST = "latest"
# Roles whose work is done well enough without a model: one that is named for them, or none.
ONLY_NAMED = frozenset({"rewriter"})


@dataclass(frozen=True, slots=True)
class Routes:
    """Names of models, best first.

    roles: by role; `default` is for every role, after its own.
    large: those preferred for a task of `large_from` tokens or more.
    num_ctx: tokens of question and answer; a model made for fewer gets what it was made for.
    """

    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    large: Sequence[str] = ()
    large_from: int = 2000
    num_ctx: int | None = None


def route(
    wish: Wish, routes: Routes, present: Sequence[ModelInfo], *, hosted: bool
) -> Chosen | None:
    """Choose a model; None where none that is present can do it.

    Where no name that is set is present, the smallest model of one's own machine is taken: a
    model that somebody put there is better than none. A hosted one is never taken unnamed.

    Args:
        wish: what it is for.
        routes: the names that are set.
        present: the models of the runtime.
        hosted: whether the runtime is a hosted one.
    """
    able = [model for model in present if _able(model, wish)]
    for name in _names(wish, routes):
        if (found := find(name, able)) is not None:
            return _chosen(found, routes)
    if hosted or not able or wish.role in ONLY_NAMED:
        return None
    return _chosen(min(able, key=lambda model: (model.size_bytes or 0, model.name)), routes)


def find(name: str, models: Iterable[ModelInfo]) -> ModelInfo | None:
    """Find a model by its name; without a tag it is `latest`, or else the first tag there is."""
    by_name = {model.name: model for model in models}
    if name in by_name or ":" in name:
        return by_name.get(name)
    tagged = sorted(one for one in by_name if one.partition(":")[0] == name)
    latest = f"{name}:{LATEST}"
    return by_name[latest if latest in by_name else tagged[0]] if tagged else None


def _able(model: ModelInfo, wish: Wish) -> bool:
    can = model.capabilities
    return can.completion and (can.json_schema or not wish.needs_schema)


def _names(wish: Wish, routes: Routes) -> list[str]:
    """List the names to try, best first."""
    if wish.role in ONLY_NAMED:
        return [*routes.roles.get(wish.role, ())]
    large = routes.large if wish.size_tokens >= routes.large_from else ()
    own = routes.roles.get(wish.role, ())
    return [*large, *own, *routes.roles.get(DEFAULT, ())]


def _chosen(model: ModelInfo, routes: Routes) -> Chosen:
    made_for = model.capabilities.context_tokens
    known = [tokens for tokens in (routes.num_ctx, made_for) if tokens is not None]
    return Chosen(
        model=model.name,
        provider=model.provider,
        num_ctx=min(known) if routes.num_ctx is not None else None,
        json_schema=model.capabilities.json_schema,
        digest=model.digest,
    )
