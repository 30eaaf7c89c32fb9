/** doctor: whether everything that the operator and csi-addons need is in place, judged from facts that were collected. */
import type { Gap, Survey } from '../survey.js';
import { checkCsiAddons } from './csi-addons-checks.js';
import { worst, type CheckVerdict, type DoctorCheck, type DoctorFacts } from './doctor-facts.js';
import { head, type DocumentHead } from './document-head.js';
import { describeGap } from './gaps.js';
import { checkCrd, checkLeases, checkOperator, checkRights, checkRook } from './operator-checks.js';
import { stepsOf } from './steps.js';

export type * from './doctor-facts.js';

export interface DoctorReport extends DocumentHead<'DoctorReport'> {
  readonly source: string;
  /** The gravest of the checks. */
  readonly verdict: CheckVerdict;
  readonly summary: string;
  readonly checks: readonly DoctorCheck[];
}

export function doctorReport(facts: DoctorFacts, survey: Survey): DoctorReport {
  const checks = [
    checkRights(facts.rights),
    checkCrd(facts.crd),
    checkOperator(facts.operators),
    ...checkLeases(facts, survey.now),
    ...survey.rooks.flatMap((rook) => [...checkRook(rook), ...checkCsiAddons(facts.csiAddonsNodes, rook)]),
    ...survey.gaps.map(checkGap),
  ];
  const { source } = survey;
  const verdict = worst(checks.map((check) => check.verdict));
  return { ...head('DoctorReport'), source, verdict, summary: summarize(checks), checks };
}

/** What the API server does not serve is told by the checks of it. */
function checkGap(gap: Gap): DoctorCheck {
  return {
    title: 'Reading the cluster',
    verdict: gap.reason === 'NotServed' ? 'ok' : 'unknown',
    detail: describeGap(gap),
    ...(gap.remedy === undefined ? {} : { remedy: stepsOf(gap.remedy)[0] ?? { text: gap.remedy } }),
  };
}

function summarize(checks: readonly DoctorCheck[]): string {
  const count = (verdict: CheckVerdict): number => checks.filter((check) => check.verdict === verdict).length;
  const parts = [
    [count('fail'), 'wrong'],
    [count('unknown'), 'not known'],
    [count('warn'), 'to look at'],
    [count('ok'), 'right'],
  ] as const;
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ');
}
