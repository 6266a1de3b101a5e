"""The page Models: what runs them, what each can do, who waits for it, how to add one."""

import streamlit as st

from sutazai_ui.client import Line, Model, ModelsState
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, words
from sutazai_ui.views.amounts import counted, duration, size
from sutazai_ui.views.verbatim import in_label

RENEW_S = 3.0


def show(seat: Seat) -> None:
    """Show the page."""
    st.title("Models", anchor=False)
    words.renewing("models", lambda: _all(seat.api.models()), RENEW_S)


def _all(state: ModelsState) -> None:
    _runtime(state)
    if state.models:
        st.header("What is here", anchor=False)
        marks.cards(_card(model) for model in state.models)
    if state.roles and state.models:
        st.header("Who uses which", anchor=False)
        rows = [(role, name or "none is able") for role, name in sorted(state.roles.items())]
        marks.table("The model of each role", ("Role", "Model"), rows)
    _use(state)
    st.header("Add a model", anchor=False)
    if state.advice:
        st.markdown(in_label(state.advice))
    st.markdown(
        "- **With Ollama:** `ollama pull tinyllama` on this machine, or `make model "
        "MODEL=tinyllama` in the stack. It is found within half a minute.\n"
        "- **From a file:** set `SUTAZAI_MODELS_GGUF` to a GGUF file and start again; in the stack "
        "`make model MODEL=name GGUF=file`.\n"
        "- **A hosted one** is refused unless `SUTAZAI_ALLOW_EGRESS=true`: prompts would leave "
        "this machine."
    )


def _runtime(state: ModelsState) -> None:
    runtime = state.runtime
    if runtime is None:
        words.nothing(
            "No model runs here. Questions are answered all the same, by passages quoted from your "
            "documents. How to add a model is said below.",
            ":material/memory:",
        )
        return
    if state.state == "no_model":
        words.nothing("It runs, and has no model that writes. How to add one is said below.")
    told = [
        ("Runtime", f"{runtime.provider} {runtime.version or ''}".strip()),
        ("Where", runtime.place),
        ("Prompts", "leave this machine" if runtime.hosted else "stay on this machine"),
    ]
    st.html(marks.facts(told))


def _card(model: Model) -> str:
    can = model.capabilities
    able = {
        "writes": can.completion,
        "structured answers": can.json_schema,
        "tools": can.tools,
        "embeddings": can.embeddings,
    }
    about = [size(model.size_bytes) if model.size_bytes else "", model.parameters or ""]
    about += [model.quantization or ""]
    if can.context_tokens:
        about.append(f"context of {can.context_tokens:,} tokens".replace(",", "\u202f"))
    line = model.line
    return marks.card(
        model.name,
        marks.chip("busy" if line is not None and line.busy else "idle"),
        marks.remark(" · ".join(filter(None, about))),
        marks.tags(name for name, yes in able.items() if yes),
        marks.remark(f"used by: {', '.join(model.roles)}" if model.roles else "used by no role"),
        marks.remark(_line(line) if line is not None else "nobody has asked it since the start"),
    )


def _line(line: Line) -> str:
    told = f"{line.busy} of {line.parallel} at work, {line.waiting} in line"
    if line.yours:
        told += f" (yours: {', '.join(f'no. {place}' for place in line.yours)})"
    return f"{told} · a call takes {duration(line.typical_s)} typically"


def _use(state: ModelsState) -> None:
    if not state.used_last_day:
        return
    st.header("Used in the last 24 hours", anchor=False)
    marks.table(
        "What was used of each model in the last 24 hours",
        ("Model", "Calls", "Tokens read", "Tokens written", "Time", "Cost"),
        [
            (
                use.model,
                counted(use.calls, "call") + (f", {use.failed} failed" if use.failed else ""),
                f"{use.prompt_tokens:,}".replace(",", "\u202f"),
                f"{use.completion_tokens:,}".replace(",", "\u202f"),
                duration(use.seconds),
                "—" if use.cost is None else f"{use.cost:.4f}",
            )
            for use in state.used_last_day
        ],
    )
