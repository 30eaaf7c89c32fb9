/**
 * Rook, as recorded (docs/maintainer/rook.md, When it writes and How it reads a key): a pass reads the settings once and then writes
 * one workload after the other, whatever has become of them meanwhile. It looks at nothing but its settings.
 */
import { SettingsInForce, type Settings } from '../support/rook/program/settings.js';
import { RookConfigError } from '../support/rook/csi-parameters.js';
import { ROOK_RELEASES, type RookVersion } from '../support/rook/release.js';
import { renderRook } from '../support/rook/render.js';
import type { ApiServer, Change } from './api-server.js';
import { CONFIG, ROOK, WORKLOADS, keyOf, saidPorts, type StoredWorkload, type Written } from './objects.js';

export const ROOK_AUTHOR = { manager: 'rook' };

export class Rook {
  #version: RookVersion;
  readonly #server: ApiServer;
  readonly #namespace: string;
  #settings: SettingsInForce;
  #requested = false;
  /** Of the pass in hand, what is still to be written. */
  #pass: StoredWorkload[] | undefined;
  #retries = false;
  #isRunning = true;

  constructor(server: ApiServer, namespace: string, version: RookVersion) {
    this.#server = server;
    this.#namespace = namespace;
    this.#version = version;
    this.#settings = this.#newSettings();
    server.onChange((change) => this.#see(change));
  }

  /** The Deployment rook-ceph-operator is there, and the process starts: its first look at the settings is one pass. */
  start(): void {
    this.#isRunning = true;
    this.#settings = this.#newSettings();
    this.#requested = true;
    this.#show();
  }

  upgrade(version: RookVersion): void {
    this.#version = version;
    this.start();
  }

  stop(): void {
    this.#isRunning = false;
    this.#requested = this.#retries = false;
    this.#pass = undefined;
    this.#show();
  }

  /** What it would do next; undefined: it rests. */
  get next(): string | undefined {
    if (this.#pass !== undefined) return `Rook writes ${this.#pass[0]?.metadata.name ?? ''}`;
    if (this.#requested) return 'Rook begins a pass';
    return this.#retries ? 'Rook tries a failed pass again' : undefined;
  }

  /** @returns what came of it */
  goOn(): string {
    if (this.#pass !== undefined) return this.#write(this.#pass);
    this.#requested = this.#retries = false;
    try {
      const settings = this.#settings.read(this.#server.get(this.#key(CONFIG))?.data ?? {});
      this.#pass = rendered(this.#namespace, this.#version, settings);
      return 'read its settings';
    } catch (error) {
      if (!(error instanceof RookConfigError)) throw error;
      return `failed: ${error.message}`;
    }
  }

  #write([workload, ...rest]: StoredWorkload[]): string {
    this.#pass = rest.length === 0 ? undefined : rest;
    if (workload === undefined) return 'nothing';
    const { name } = workload.metadata;
    if (saidPorts(workload)?.declared.includes(0) === true) {
      this.#pass = undefined;
      return `${name} rejected: port 0`;
    }
    const key = this.#key(name);
    const stored = this.#server.get(key);
    if (stored === undefined) this.#server.create(key, workload, ROOK_AUTHOR);
    else this.#server.update(key, { ...workload, status: stored.status }, ROOK_AUTHOR);
    return `${name} on ${saidPorts(workload)?.listens ?? 'no port'}`;
  }

  /** Tries once more after a failure, some time. */
  retry(): void {
    this.#retries = this.#isRunning;
  }

  /** Only another .data is a change, or that the ConfigMap comes or goes. */
  #see({ name, before, after }: Change): void {
    if (name !== this.#key(CONFIG) || !this.#isRunning) return;
    if (JSON.stringify(before?.data) !== JSON.stringify(after?.data) || after === undefined) this.#requested = true;
  }

  #show(): void {
    const key = this.#key(ROOK);
    const stored = this.#server.get(key);
    const template = { spec: { containers: [{ name: ROOK, image: `rook/ceph:v${this.#version}` }] } };
    const written: Written = {
      kind: 'Deployment',
      metadata: {},
      spec: { template },
      status: { readyReplicas: this.#isRunning ? 1 : 0 },
    };
    if (stored === undefined) this.#server.create(key, written, { manager: 'helm' });
    else this.#server.update(key, written, { manager: 'helm' });
  }

  #key(name: string): string {
    return keyOf(this.#namespace, name);
  }

  #newSettings(): SettingsInForce {
    return new SettingsInForce(ROOK_RELEASES[this.#version], () => undefined);
  }
}

/** Rendered once for the settings that bear on it: a million interleavings ask for the same again and again. */
const RENDERED = new Map<string, StoredWorkload[]>();
const MAX_RENDERED = 1000;
const IN_ROOKS_ORDER = [WORKLOADS[2]!, WORKLOADS[0]!, WORKLOADS[1]!];

/** @throws RookConfigError */
function rendered(namespace: string, version: RookVersion, config: Settings): StoredWorkload[] {
  const key = JSON.stringify([namespace, version, Object.entries(config).sort()]);
  const known = RENDERED.get(key);
  if (known !== undefined) return known;
  const all = Object.values(renderRook({ namespace, version, config })) as unknown as StoredWorkload[];
  const workloads = IN_ROOKS_ORDER.map((name) => all.find(({ metadata }) => metadata.name === name)!);
  if (RENDERED.size >= MAX_RENDERED) RENDERED.clear();
  RENDERED.set(key, workloads);
  return workloads;
}
