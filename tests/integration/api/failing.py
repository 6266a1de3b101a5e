"""Runs that failed: every agent here does its work, so a failure is written down afterwards."""

from tests.integration.api.running import Running


def fail(platform: Running, run: str, step: str) -> None:
    """Make of a run that succeeded what it would be, had it failed at a step; later ones go."""
    given: dict[str, object] = {"run": run, "step": step}
    with_answer = "UPDATE messages SET status = 'failed', text = '' WHERE role = 'assistant'"
    for statement in (
        "DELETE FROM tasks WHERE run_id = %(run)s AND id > (SELECT id FROM tasks"
        " WHERE run_id = %(run)s AND step = %(step)s)",
        "UPDATE tasks SET status = 'dead', output = NULL, error = 'as planted'"
        " WHERE run_id = %(run)s AND step = %(step)s",
        "UPDATE runs SET status = 'failed', result = NULL, citations = '[]', error = 'as planted'"
        " WHERE id = %(run)s",
        f"{with_answer} AND run_id = %(run)s",
    ):
        platform.execute(statement, given)
