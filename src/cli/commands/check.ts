/** check: which host ports the sidecars of each Rook share, who holds them on which nodes, and what to do. */
import type { Survey } from '../survey.js';
import { head, type DocumentHead } from './document.js';

export interface CheckReport extends DocumentHead<'CheckReport'> {
  readonly source: string;
}

export function checkReport(survey: Survey): CheckReport {
  return { ...head('CheckReport'), source: survey.source };
}
