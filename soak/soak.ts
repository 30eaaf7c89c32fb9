/**
 * `make soak`: the operator on a control plane of its own, through half an hour of everything that happens to a cluster and
 * of faults, and a verdict. Ends with 0 where all has held, with 1 otherwise.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CSI_WORKLOAD_NAMES } from '../test/support/rook/names.js';
import { Actor, type World } from './actor.js';
import { alienChanges, statusDifferences } from './end-state.js';
import { doFaults } from './faults.js';
import { Journal } from './journal.js';
import { Kubelet } from './kubelet.js';
import type { Finding } from './finding.js';
import { findingsIn } from './log-findings.js';
import { persistently } from './persist.js';
import { plot } from './picture/plot.js';
import { Random } from './random.js';
import { RepairWatch } from './repair-watch.js';
import { RookSite } from './rook-site.js';
import { takeSamples } from './samples.js';
import { planFaults } from './schedule.js';
import { Site } from './site.js';
import { beStrangers, comeAndGo, contest } from './special-actors.js';
import { watchWrites } from './trespasses.js';
import { verdict, verdictTable } from './verdict.js';

const FOLDER = 'dist/soak';
const DEFAULT_MINUTES = 30;
/** Beside them one that is contested, and one that comes and goes. */
const REGULAR = 12;
const PROGRESS_EVERY_MS = 60_000;

interface Settings {
  readonly seconds: number;
  readonly seed: number;
}

function settingsOf({ SOAK_MINUTES, SOAK_SEED }: NodeJS.ProcessEnv): Settings {
  const minutes = SOAK_MINUTES === undefined || SOAK_MINUTES === '' ? DEFAULT_MINUTES : Number(SOAK_MINUTES);
  const seed = SOAK_SEED === undefined || SOAK_SEED === '' ? Date.now() % 1_000_000 : Number(SOAK_SEED);
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('SOAK_MINUTES and SOAK_SEED have to be numbers');
  return { seconds: minutes * 60, seed };
}

async function main(): Promise<void> {
  const settings = settingsOf(process.env);
  say(`${settings.seconds / 60} min, SOAK_SEED=${settings.seed}`);
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const site = await Site.start();
  try {
    const findings = await soak(site, settings);
    say(`\n${verdictTable(findings)}\n\n${FOLDER}/soak.json has all samples, ${FOLDER}/soak.svg their picture`);
    process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await site.stop();
  }
}

async function soak(site: Site, { seconds, seed }: Settings): Promise<Finding[]> {
  const random = new Random(seed);
  const sites: RookSite[] = [];
  for (let number = 0; number <= REGULAR; number += 1) {
    const namespace = number === 0 ? 'rook-ceph' : `rook-${number}`;
    sites.push(await RookSite.install(site.controlPlane, namespace, number));
  }
  const journal = new Journal();
  const kubelet = new Kubelet(site, journal);
  try {
    kubelet.start();
    const measured = await live(site, { journal, kubelet, sites, random, seconds });
    return await judge(site, { journal, kubelet, sites }, { seconds, seed, measured });
  } finally {
    kubelet.kill();
  }
}

interface Scene {
  readonly journal: Journal;
  readonly kubelet: Kubelet;
  readonly sites: readonly RookSite[];
}

/** @returns for how long samples were taken, in seconds: until all that was reverted has been put right, or will not be */
async function live(site: Site, scene: Scene & { readonly random: Random; readonly seconds: number }): Promise<number> {
  const { journal, kubelet, sites, random, seconds } = scene;
  const { controlPlane } = site;
  const [ending, measured] = [new AbortController(), new AbortController()];
  const world: World = { journal, watch: new RepairWatch(controlPlane), over: ending.signal };
  const [contested, ...regular] = sites;
  const fought = { namespace: contested!.namespace, name: CSI_WORKLOAD_NAMES.rbdProvisioner };
  const beside = Promise.all([
    takeSamples(kubelet, journal, measured.signal),
    watchWrites(controlPlane.audit, journal, fought, measured.signal),
    tellProgress(journal, seconds, measured.signal),
  ]);
  const actors = Promise.all([
    ...regular.map((one) => new Actor(one, world, random.fork(one.namespace)).run()),
    contest(contested!, world, random.fork('contest'), seconds),
    comeAndGo(controlPlane, world, random.fork('comeAndGo'), sites.length),
    beStrangers(
      controlPlane.api,
      ['default', ...sites.map(({ namespace }) => namespace)],
      world,
      random.fork('strangers'),
    ),
  ]);
  const faults = doFaults({ site, kubelet, journal }, planFaults(random.fork('faults'), seconds), seconds);
  // Those go on until they are told: here they end only by failing.
  await Promise.race([sleep(Math.max(0, seconds - journal.seconds()) * 1000), Promise.all([actors, faults])]);
  ending.abort();
  await Promise.all([actors, faults]);
  const sampledFor = journal.seconds();
  measured.abort();
  await beside;
  await world.watch.close();
  return sampledFor;
}

async function judge(
  site: Site,
  { journal, kubelet, sites }: Scene,
  { measured, ...settings }: Settings & { readonly measured: number },
): Promise<Finding[]> {
  const statuses = (await Promise.all(sites.map(statusDifferences))).flat();
  const changes = (
    await Promise.all(sites.map((one) => persistently(() => alienChanges(site.controlPlane.api, one))))
  ).flat();
  await kubelet.stop();
  const { samples, repairs, lives, trespasses, contestedWrites, incidents, passings } = journal;
  const logs = lives.map(({ number, log }) => ({ number, log: readFileSync(log, 'utf8') }));
  const findings = verdict({
    seconds: measured,
    samples,
    repairs,
    lives,
    incidents,
    log: logs.flatMap(({ number, log }) => findingsIn(log, number)),
    trespasses,
    contestedWrites,
    passings,
    changes,
    statusDifferences: statuses,
  });
  mkdirSync(FOLDER, { recursive: true });
  for (const { number, log } of logs) writeFileSync(join(FOLDER, `operator-${number}.log`), log);
  const record = { ...settings, findings, lives, incidents, repairs, samples };
  writeFileSync(join(FOLDER, 'soak.json'), `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(join(FOLDER, 'soak.svg'), plot({ seconds: journal.seconds(), samples, repairs, incidents }));
  return findings;
}

async function tellProgress(journal: Journal, seconds: number, over: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(PROGRESS_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const { repairs, lives, disturbances, samples } = journal;
    const heap = samples.at(-1)?.heapMiB.toFixed(1) ?? '?';
    const late = repairs.filter((repair) => repair.seconds === null || repair.seconds > repair.boundSeconds).length;
    say(
      `${(journal.seconds() / 60).toFixed(0)} of ${seconds / 60} min: ${repairs.length} repairs, ${late} late; ` +
        `${disturbances.length} disturbances; process ${lives.length}; heap ${heap} MiB`,
    );
  }
}

function say(line: string): void {
  console.log(line);
}

await main();
