/** How the plugin ends after it has printed a document. */
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { CheckVerdict } from './doctor-facts.js';
import type { CliDocument } from './document.js';
import { isConflict, type Verdict } from './verdict.js';

export function exitCode(document: CliDocument): ExitCode {
  switch (document.kind) {
    case 'CheckReport':
    case 'StatusReport':
      return ofVerdict(document.verdict);
    case 'PlanReport':
      return document.isCertain ? EXIT_CODES.noConflict : EXIT_CODES.cannotTell;
    case 'DoctorReport':
      return OF_DOCTOR[document.verdict];
    case 'Explanation':
      return EXIT_CODES.noConflict;
  }
}

const OF_DOCTOR: Readonly<Record<CheckVerdict, ExitCode>> = {
  ok: EXIT_CODES.noConflict,
  warn: EXIT_CODES.noConflict,
  fail: EXIT_CODES.conflict,
  unknown: EXIT_CODES.cannotTell,
};

function ofVerdict(verdict: Verdict): ExitCode {
  if (verdict === 'CannotTell') return EXIT_CODES.cannotTell;
  return isConflict(verdict) ? EXIT_CODES.conflict : EXIT_CODES.noConflict;
}
