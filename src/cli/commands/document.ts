/** What a command answers: a document of a versioned schema, which is printed as text, JSON or YAML. */
import type { CheckReport } from './check.js';
import type { DoctorReport } from './doctor.js';
import type { Explanation } from './explain.js';
import type { PlanReport } from './plan.js';
import type { StatusReport } from './status.js';

export const CLI_API_VERSION = 'csiports.io/cli/v1';

export type CliDocument = CheckReport | PlanReport | StatusReport | Explanation | DoctorReport;

export interface DocumentHead<Kind extends string> {
  readonly apiVersion: typeof CLI_API_VERSION;
  readonly kind: Kind;
}

export function head<Kind extends string>(kind: Kind): DocumentHead<Kind> {
  return { apiVersion: CLI_API_VERSION, kind };
}
