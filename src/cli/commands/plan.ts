/** plan: what the operator would write, and how to write it without the operator. */
import type { Survey } from '../survey.js';
import { head, type DocumentHead } from './document.js';

export interface PlanReport extends DocumentHead<'PlanReport'> {
  readonly source: string;
}

export function planReport(survey: Survey): PlanReport {
  return { ...head('PlanReport'), source: survey.source };
}
