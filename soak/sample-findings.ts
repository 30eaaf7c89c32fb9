/** What the samples tell by themselves: whether there are enough, the memory, and whether the watches hear. */
import { SITUATIONS } from './bounds.js';
import { rounded, type Finding } from './finding.js';
import { SAMPLE_EVERY_SECONDS, type Incident, type Sample } from './journal.js';

/** Of those that were due. */
const FEWEST_SHARE = 0.8;
/** A timer may fire so much too early. */
const EARLY_SECONDS = 0.05;
/** config/manager/deployment.yaml. */
const MEMORY_LIMIT_MIB = 192;
/** docs/admin/monitor.md: above it the operator is blind. */
const EVENT_AGE_LIMIT_SECONDS = 120;
const DOWN_LIMIT_SECONDS = 120;

/** @param seconds for how long samples were taken */
export function samplesTaken(samples: readonly Sample[], incidents: readonly Incident[], seconds: number): Finding {
  const taken = new Set(samples.map(({ at }) => Math.floor((at + EARLY_SECONDS) / SAMPLE_EVERY_SECONDS)));
  const due: number[] = [];
  for (let tick = 1; (tick + 1) * SAMPLE_EVERY_SECONDS <= seconds; tick += 1) {
    const [from, to] = [tick * SAMPLE_EVERY_SECONDS, (tick + 1) * SAMPLE_EVERY_SECONDS];
    if (!incidents.some((incident) => incident.from <= to && from <= (incident.to ?? Infinity))) due.push(tick);
  }
  const missed = due.filter((tick) => !taken.has(tick));
  const ok = due.length > 0 && missed.length <= due.length * (1 - FEWEST_SHARE);
  const result = `${due.length - missed.length} of ${due.length} that were due outside of faults`;
  const times = missed.map((tick) => `${tick * SAMPLE_EVERY_SECONDS} s`).join(', ');
  return { check: 'Samples', result, ok, details: ok || missed.length === 0 ? [] : [`none at ${times}`] };
}

export function memoryBelowLimit(samples: readonly Sample[]): Finding {
  const highest = Math.max(0, ...samples.map(({ residentMiB }) => residentMiB));
  const result = `at most ${rounded(highest)} MiB of ${MEMORY_LIMIT_MIB}`;
  return { check: 'Resident memory', result, ok: samples.length > 0 && highest <= MEMORY_LIMIT_MIB, details: [] };
}

export function watchesHear(samples: readonly Sample[]): Finding {
  const highest = Math.max(0, ...samples.map(({ eventAgeSeconds }) => eventAgeSeconds));
  const blind = samples.filter(({ eventAgeSeconds }) => eventAgeSeconds > EVENT_AGE_LIMIT_SECONDS);
  return {
    check: 'Age of the last event',
    result: `at most ${rounded(highest)} s of ${EVENT_AGE_LIMIT_SECONDS}`,
    ok: samples.length > 0 && blind.length === 0,
    details: blind.map(({ at, eventAgeSeconds, oldestWatch }) => {
      return `at ${at.toFixed(0)} s, ${oldestWatch}: ${eventAgeSeconds.toFixed(0)} s`;
    }),
  };
}

/**
 * One that is opened and cut again and again hears something each time, and is not up. What counts is the time in the calm,
 * after the recoveries, in sum: a calm is shorter than the limit, and a watch that fails may be up in between.
 */
export function watchesUp(samples: readonly Sample[], incidents: readonly Incident[]): Finding {
  const calm = samples.filter(({ at }) => !incidents.some((incident) => isRecovering(incident, at)));
  const down = Map.groupBy(
    calm.flatMap(({ downWatches }) => downWatches),
    (watch) => watch,
  );
  const seconds = [...down].map(([watch, times]) => ({ watch, down: times.length * SAMPLE_EVERY_SECONDS }));
  const longest = Math.max(0, ...seconds.map((one) => one.down));
  const bad = seconds.filter((one) => one.down > DOWN_LIMIT_SECONDS);
  return {
    check: 'Watches up',
    result: `down for at most ${longest} s of ${DOWN_LIMIT_SECONDS}, in ${calm.length * SAMPLE_EVERY_SECONDS} s of calm`,
    ok: calm.length > 0 && bad.length === 0,
    details: bad.map((one) => `${one.watch}: ${one.down} s`),
  };
}

function isRecovering({ situation, from, to }: Incident, at: number): boolean {
  return from <= at && at <= (to ?? Infinity) + SITUATIONS[situation].recoverySeconds;
}
