/** One candidate's part of a round. */
import type { Candidate } from './candidates.js';
import type { Plan } from './plan.js';
import type { Site } from './site.js';

export interface Turn {
  readonly site: Site;
  readonly candidate: Candidate;
  readonly plan: Plan;
  readonly figures: FigureLog;
}

/** Takes down one candidate's figures over all rounds, and what they were made of. */
export class FigureLog {
  readonly values: Record<string, number[]> = {};
  readonly notes: Record<string, unknown[]> = {};

  add(key: string, value: number): void {
    (this.values[key] ??= []).push(value);
  }

  note(key: string, detail: unknown): void {
    (this.notes[key] ??= []).push(detail);
  }
}
