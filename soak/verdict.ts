/** What is made of a run: one row for each thing that had to hold. */
import { percentile, summarise } from '../test/support/measure/statistics.js';
import type { Finding } from './finding.js';
import { mostWrites } from './bounds.js';
import { growthFindings } from './growth.js';
import type { Incident, Life, Repair, Sample } from './journal.js';
import type { LogFinding } from './log-findings.js';
import { memoryBelowLimit, samplesTaken, watchesHear, watchesUp } from './sample-findings.js';
import { mayCostLease } from './schedule.js';

export interface Evidence {
  /** For how long samples were taken. */
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly repairs: readonly Repair[];
  readonly lives: readonly Life[];
  readonly incidents: readonly Incident[];
  readonly log: readonly LogFinding[];
  readonly trespasses: readonly string[];
  /** How often the contested object was written. */
  readonly contestedWrites: number;
  /** How often the namespace that comes and goes was served. */
  readonly passings: number;
  /** Of the end: what is not as its owner left it, and where the status tells another story. */
  readonly changes: readonly string[];
  readonly statusDifferences: readonly string[];
}

/** Its holder has given it up by then. */
const LEASE_SECONDS = 15;

export function verdict(evidence: Evidence): Finding[] {
  const { samples, lives, incidents } = evidence;
  return [
    repairsInTime(evidence.repairs),
    samplesTaken(samples, incidents, evidence.seconds),
    ...growthFindings(samples, lives),
    memoryBelowLimit(samples),
    watchesHear(samples),
    watchesUp(samples, incidents),
    restarts(lives, incidents),
    passingNamespace(evidence.passings),
    none(
      'Log',
      'no unexpected error',
      evidence.log.map(({ life, line }) => `process ${life}: ${line}`),
    ),
    none('Writes', 'none but its own', evidence.trespasses),
    contestedObject(evidence),
    none('Objects of others', 'as their owners left them', evidence.changes),
    none('Status', 'agrees with the world', evidence.statusDifferences),
  ];
}

function repairsInTime(repairs: readonly Repair[]): Finding {
  const late = repairs.filter(({ seconds, boundSeconds }) => seconds === null || seconds > boundSeconds);
  const calm = repairs.flatMap(({ seconds, during }) => (during.length === 0 && seconds !== null ? [seconds] : []));
  const times = repairs.flatMap(({ seconds }) => seconds ?? []);
  const summary =
    times.length === 0 ? '' : `; median ${inWords(summarise(times).median)}, longest ${inWords(Math.max(...times))}`;
  const undisturbed = calm.length === 0 ? '' : `; undisturbed 99 % within ${inWords(percentile(calm, 99))}`;
  return {
    check: 'Repairs in their bounds',
    result: `${repairs.length - late.length} of ${repairs.length}${summary}${undisturbed}`,
    ok: repairs.length > 0 && late.length === 0,
    details: late.map(describeLate),
  };
}

function describeLate({ at, namespace, object, what, seconds, boundSeconds, during }: Repair): string {
  const took = seconds === null ? 'never right again' : `took ${inWords(seconds)}`;
  const meanwhile = during.length === 0 ? 'nothing else went on' : `during: ${during.join('; ')}`;
  return `at ${at.toFixed(1)} s, ${namespace}/${object}, ${what}: ${took}, bound ${inWords(boundSeconds)}; ${meanwhile}`;
}

function restarts(lives: readonly Life[], incidents: readonly Incident[]): Finding {
  const ended = lives.filter(({ ending }) => ending !== 'the run was over');
  const unforeseen = ended.filter((life) => !isForeseen(life, incidents));
  const kinds = [...new Set(ended.map(({ ending }) => ending))];
  const counted = kinds.map((kind) => `${ended.filter(({ ending }) => ending === kind).length} for: ${kind}`);
  return {
    check: 'Restarts',
    result: counted.length === 0 ? 'none' : counted.join(', '),
    ok: unforeseen.length === 0,
    details: unforeseen.map(({ number, to, ending }) => `process ${number} at ${to ?? NaN} s: ${ending}`),
  };
}

/** Liveness fails for nothing that the harness does: it freezes no process for so long. */
function isForeseen({ ending, to = NaN }: Life, incidents: readonly Incident[]): boolean {
  if (ending !== 'the lease was lost') return ending === 'the pod was replaced';
  return incidents.some((incident) => {
    const until = (incident.to ?? Infinity) + LEASE_SECONDS;
    return mayCostLease(incident.what) && incident.from <= to && to <= until;
  });
}

/** Each process begins anew, and does not know of a write whose answer it was not given. */
function contestedObject({ contestedWrites, lives, incidents, seconds }: Evidence): Finding {
  const allowed = lives.reduce((sum, { from, to = seconds }) => sum + mostWrites(to - from), incidents.length);
  return {
    check: 'Contested object',
    result: `written ${contestedWrites} of at most ${allowed} times by ${lives.length} processes`,
    ok: contestedWrites > 0 && contestedWrites <= allowed,
    details: [],
  };
}

function passingNamespace(passings: number): Finding {
  return { check: 'Passing namespace', result: `served ${passings} times`, ok: passings > 0, details: [] };
}

function none(check: string, good: string, problems: readonly string[]): Finding {
  const result = problems.length === 0 ? good : `${problems.length} times not so`;
  return { check, result, ok: problems.length === 0, details: problems };
}

function inWords(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
}

/** A table, and what is wrong under it. */
export function verdictTable(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const rows = findings.map(({ check, result, ok }) => `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(width)}  ${result}`);
  const details = findings.flatMap((finding) => finding.details.map((detail) => `  ${finding.check}: ${detail}`));
  return [...rows, ...(details.length === 0 ? [] : ['', ...details])].join('\n');
}
