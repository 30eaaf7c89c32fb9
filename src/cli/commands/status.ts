/** status: each assignment as a diagnosis. */
import type { Survey } from '../survey.js';
import { head, type DocumentHead } from './document.js';

export interface StatusReport extends DocumentHead<'StatusReport'> {
  readonly source: string;
}

export function statusReport(survey: Survey): StatusReport {
  return { ...head('StatusReport'), source: survey.source };
}
