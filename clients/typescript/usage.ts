// How the types are used: ask, wait, and read the answer with its sources. `npm run check` checks
// this file, so that it can't promise what the API does not have.
import type { components, paths } from "./schema.js";

type Run = components["schemas"]["RunShape"];
type NewRun = paths["/api/v1/runs"]["post"]["requestBody"]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

export class RefusedError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export async function start(url: string, key: string, body: NewRun): Promise<Run> {
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new RefusedError((await answer.json()) as Problem);
  return (await answer.json()) as Run;
}

export function sources(run: Run): string[] {
  return run.citations.map(
    (citation) => `[${citation.n}] ${citation.document.name} ${citation.start}-${citation.end}`,
  );
}

export function over(run: Run): boolean {
  const ended: Run["status"][] = ["succeeded", "failed", "cancelled"];
  return ended.includes(run.status);
}

// @ts-expect-error a goal is text
export const wrong: NewRun = { goal: 7 };
