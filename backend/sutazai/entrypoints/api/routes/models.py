"""The language models that are here: what runs them, what each can do, how the lines stand."""

from typing import Literal

from pydantic import Field

from sutazai.core.identity.rights import Need
from sutazai.core.models.model import ModelsState
from sutazai.entrypoints.api.dependencies import CallerOf, PlatformOf, keyed_router, needs
from sutazai.entrypoints.api.shapes import Given
from sutazai_contracts.models import Capabilities, Provider

router = keyed_router("/api/v1/models", "models")


class RuntimeShape(Given):
    """Where models run."""

    provider: Provider
    version: str | None
    place: str = Field(description="Its address, or the file that is read into this process.")
    hosted: bool = Field(description="Whether prompts leave this machine's own network.")


class LineShape(Given):
    """The line for one model."""

    parallel: int = Field(description="Calls it works on at once.")
    busy: int = Field(description="Calls it works on now.")
    waiting: int = Field(description="Calls that wait for their turn.")
    typical_s: float = Field(description="Seconds a call takes typically.")
    yours: tuple[int, ...] = Field(description="Places that calls of this tenant have, from 1.")


class ModelShape(Given):
    """A model, what it can do, and which roles use it."""

    name: str
    provider: Provider
    capabilities: Capabilities
    digest: str | None
    size_bytes: int | None
    parameters: str | None = Field(description="Number of weights, such as `1.1B`.")
    quantization: str | None
    roles: tuple[str, ...] = Field(description="Roles that use it now.")
    line: LineShape | None = Field(description="Null while nobody has asked it since the start.")


class UseShape(Given):
    """What was used of one model."""

    provider: str
    model: str
    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None = Field(description="In the currency of the prices; null: no price is set.")


class ModelsShape(Given):
    """The models that are here."""

    state: Literal["ready", "no_runtime", "no_model"] = Field(
        description="`no_runtime`: none answers; `no_model`: it has none that writes. Answers are "
        "extracts then."
    )
    runtime: RuntimeShape | None
    advice: str = Field(description="How to get a model, or a better one.")
    models: list[ModelShape]
    roles: dict[str, str | None] = Field(description="The model of each role; null: none can.")
    used_last_day: list[UseShape] = Field(description="By this tenant, in the last 24 hours.")


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="Show the models",
    response_description="The models.",
)
async def read_models(platform: PlatformOf, caller: CallerOf) -> ModelsShape:
    """Show the runtime in use, its models, which role uses which, and who waits for them."""
    return models_shape(await platform.models.state(caller.tenant))


def models_shape(state: ModelsState) -> ModelsShape:
    """Give what core says of models as the API says it."""
    lines = {(line.provider, line.model): line for line in state.lines}
    models = [
        ModelShape(
            **model.model_dump(exclude={"capabilities"}),
            capabilities=model.capabilities,
            roles=tuple(role for role, name in state.roles.items() if name == model.name),
            line=LineShape.model_validate(line) if line is not None else None,
        )
        for model in state.models
        for line in [lines.get((model.provider, model.name))]
    ]
    runtime = state.runtime
    ready = any(name is not None for name in state.roles.values())
    return ModelsShape(
        state="no_runtime" if runtime is None else "ready" if ready else "no_model",
        runtime=RuntimeShape.model_validate(runtime) if runtime is not None else None,
        advice=state.advice,
        models=models,
        roles=state.roles,
        used_last_day=[UseShape.model_validate(use) for use in state.use],
    )
