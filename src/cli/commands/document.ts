/** What a command answers: a document of a versioned schema, which is printed as text, JSON or YAML. */
import type { CheckReport } from './check.js';
import type { DoctorReport } from './doctor.js';
import type { Explanation } from './explain.js';
import type { PlanReport } from './plan.js';
import type { StatusReport } from './status.js';

export type CliDocument = CheckReport | PlanReport | StatusReport | Explanation | DoctorReport;
