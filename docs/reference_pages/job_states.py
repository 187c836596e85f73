"""job-states.md: what a job can be, the moves between those states, and the words for them on the wire."""

from docs.reference_pages.page import code, page, sentences, table

from romaport.jobs import JobType, State
from romaport.jobs.states import MOVES
from romaport.wire.dialects import Dialect, status_word


def job_states() -> str:
    """Answer the page of the states of jobs."""
    meaning, purpose = sentences(State), sentences(JobType)
    states = [
        (
            code(state.value),
            *(code(status_word(dialect, state.value)) for dialect in Dialect),
            meaning[state.value],
            ", ".join(code(after.value) for after in State if after in MOVES[state]) or "nothing",
        )
        for state in State
    ]
    moves = "\n".join(f"    {was.value} --> {then.value}" for was in State for then in State if then in MOVES[was])
    return page(
        "States of a job",
        "A job is in one of these states; the setting `ROMAPORT_API_DIALECT` picks the words of the wire.\n"
        "Progress is below 1 until a job is final, and 1 in every success.",
        table(("state", *(f"dialect {dialect.value}" for dialect in Dialect), "means", "becomes"), states),
        f"```mermaid\nstateDiagram-v2\n    [*] --> {State.RUNNING.value}\n{moves}\n```",
        "The types of job, in the words of the wire:\n\n"
        + table(("`type`", "does"), [(code(type_.value), purpose[type_.value]) for type_ in JobType]),
    )
