/**
 * The workload controllers, the scheduler and the pods: a template that is new is looked at, the old pods go, and the new
 * ones run where no other workload's pods hold their port. All pods share the nodes.
 */
import type { ApiServer } from './api-server.js';
import { WORKLOADS, isOnHostNetwork, saidPorts, type PodTemplate, type StoredWorkload } from './objects.js';

const CONTROLLER = { manager: 'kube-controller-manager' };
const REVISION = 'deployment.kubernetes.io/revision';
/** As Rook asks for, and one on each of three nodes. */
const PODS = { Deployment: 2, DaemonSet: 3 };

interface Pods {
  readonly uid: string;
  readonly template: PodTemplate;
  readonly running: boolean;
  readonly ports: readonly number[];
}

export class PodLife {
  readonly #server: ApiServer;
  readonly #pods = new Map<string, Pods>();
  #moving: string[] | undefined;

  constructor(server: ApiServer) {
    this.#server = server;
    server.onChange(() => (this.#moving = undefined));
  }

  /** Workloads of which something would happen now. */
  get moving(): string[] {
    this.#moving ??= WORKLOADS.filter((name) => {
      const stored = this.#stored(name);
      return stored !== undefined && this.#nextOf(stored) !== undefined;
    });
    return this.#moving;
  }

  /** Whether every pod of it runs by its template. */
  isRolledOut(name: string): boolean {
    const stored = this.#stored(name);
    const pods = this.#pods.get(name);
    return stored !== undefined && pods?.running === true && isOf(pods, stored);
  }

  /** @returns what happened */
  goOn(name: string): string {
    const stored = this.#stored(name);
    const next = stored && this.#nextOf(stored);
    if (stored === undefined || next === undefined) return 'nothing';
    const running = next === 'start' || this.isRolledOut(name);
    const { metadata, spec } = stored;
    this.#pods.set(name, {
      uid: metadata.uid,
      template: spec.template,
      running,
      ports: running ? portsOf(stored) : [],
    });
    this.#report(name, stored, running);
    this.#moving = undefined;
    return next === 'start' ? 'its pods run' : 'its controller looks at it';
  }

  #nextOf(stored: StoredWorkload): 'observe' | 'start' | undefined {
    const pods = this.#pods.get(stored.metadata.name);
    if (pods === undefined || !isOf(pods, stored) || !isObserved(stored)) return 'observe';
    return pods.running || this.#isTaken(stored) ? undefined : 'start';
  }

  #isTaken(stored: StoredWorkload): boolean {
    const wanted = portsOf(stored);
    const others = [...this.#pods].filter(
      ([name]) => name !== stored.metadata.name && this.#stored(name) !== undefined,
    );
    return others.some(([, { running, ports }]) => running && ports.some((port) => wanted.includes(port)));
  }

  /** Setting the annotation moves a Deployment's generation, which is looked at in turn. */
  #report(name: string, stored: StoredWorkload, running: boolean): void {
    const revision = stored.kind === 'Deployment' ? { [REVISION]: '1' } : {};
    const annotations = { ...stored.metadata.annotations, ...revision };
    const marked = this.#server.update(name, { ...stored, metadata: { ...stored.metadata, annotations } }, CONTROLLER);
    const status = { observedGeneration: marked.metadata.generation, ...counts(stored.kind, running) };
    this.#server.update(name, { ...marked, status }, CONTROLLER);
  }

  #stored(name: string): StoredWorkload | undefined {
    return this.#server.get(name) as StoredWorkload | undefined;
  }
}

/** What its pods hold on their nodes. */
function portsOf(stored: StoredWorkload): readonly number[] {
  return isOnHostNetwork(stored) ? (saidPorts(stored)?.declared ?? []) : [];
}

function isObserved({ kind, metadata, status }: StoredWorkload): boolean {
  const { observedGeneration = 0 } = (status ?? {}) as { readonly observedGeneration?: number };
  const lacksRevision = kind === 'Deployment' && metadata.annotations?.[REVISION] === undefined;
  return observedGeneration >= metadata.generation && !lacksRevision;
}

function isOf({ uid, template }: Pods, { metadata, spec }: StoredWorkload): boolean {
  if (uid !== metadata.uid) return false;
  return template === spec.template || textOf(template) === textOf(spec.template);
}

const TEXTS = new WeakMap<PodTemplate, string>();

/** Made once for each template: it is asked for at every step. */
function textOf(template: PodTemplate): string {
  const text = TEXTS.get(template) ?? JSON.stringify(template);
  TEXTS.set(template, text);
  return text;
}

function counts(kind: StoredWorkload['kind'], running: boolean): object {
  const up = running ? PODS[kind] : 0;
  return kind === 'Deployment'
    ? { replicas: up, updatedReplicas: up, availableReplicas: up }
    : { desiredNumberScheduled: PODS.DaemonSet, updatedNumberScheduled: up, numberAvailable: up };
}
