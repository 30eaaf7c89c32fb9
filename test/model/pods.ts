/**
 * The workload controllers, the scheduler, the nodes and the pods. If a template is new, the old pods go, and new ones are
 * made unless a policy refuses them; each runs when nobody holds its ports on its node. A pod on a dead node neither starts
 * nor ends. Foreign pods come and go, and ask nobody.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ApiServer, Author } from './api-server.js';
import { portsHeld, type PodTemplate, type StoredWorkload } from './objects.js';
import { rawPodOf, type Pod, type PodEvent, type RawPod } from './pod-objects.js';

const CONTROLLER: Author = { manager: 'kube-controller-manager' };
const REVISION = 'deployment.kubernetes.io/revision';
/** As Rook asks for; a DaemonSet has one on each of three nodes. */
const REPLICAS = 2;
const FOREIGN = { namespace: 'monitoring', kind: 'DaemonSet', name: 'node-agent' };

/** The pods of one workload. */
interface Pods {
  readonly uid: string;
  readonly isRefused: boolean;
  readonly pods: readonly Pod[];
}

/** Node of a namespace's workloads. */
export type NodesOf = (namespace: string) => readonly string[];

export class PodLife {
  /** Keys of workloads. */
  readonly #refusing = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #server: ApiServer;
  readonly #keys: readonly string[];
  readonly #nodesOf: NodesOf;
  readonly #pods = new Map<string, Pods>();
  readonly #foreign = new Map<string, { readonly pod: Pod; readonly port: number }>();
  /** As the API server has them, by name. */
  readonly #raw = new Map<Pod, RawPod>();
  readonly #onEvents: ((events: readonly PodEvent[]) => void)[] = [];
  #made = 0;
  #moving: string[] | undefined;

  /** @param keys of the workloads */
  constructor(server: ApiServer, keys: readonly string[], nodesOf: NodesOf) {
    this.#server = server;
    this.#keys = keys;
    this.#nodesOf = nodesOf;
    server.onChange(({ name, after }) => {
      this.#moving = undefined;
      if (after === undefined) this.#forget(name);
    });
  }

  /** Told of what happens to pods at once. */
  onEvents(told: (events: readonly PodEvent[]) => void): void {
    this.#onEvents.push(told);
  }

  /** All pods on the host network. */
  get listed(): readonly RawPod[] {
    return [...this.#raw.values()];
  }

  /** Workloads of which something would happen now. */
  get moving(): string[] {
    this.#moving ??= this.#keys.filter((key) => {
      const stored = this.#stored(key);
      return stored !== undefined && this.#nextOf(key, stored) !== undefined;
    });
    return this.#moving;
  }

  /** Whether every pod of it runs by its template, as its status is to say. */
  isRolledOut(key: string): boolean {
    const stored = this.#stored(key);
    const found = stored && this.#of(key, stored);
    if (stored === undefined || found === undefined) return false;
    const running = found.pods.filter((pod) => isNew(pod, stored) && pod.isScheduled && pod.isReady);
    return (
      running.length === this.#wanted(stored) && found.pods.every((pod) => pod.isTerminating || isNew(pod, stored))
    );
  }

  /** Where its pods are or are to be. */
  nodesWith(key: string): string[] {
    return (this.#pods.get(key)?.pods ?? []).flatMap(({ node }) => node ?? []);
  }

  /** @returns what happened */
  goOn(key: string): string {
    const stored = this.#stored(key);
    const next = stored && this.#nextOf(key, stored);
    if (stored === undefined || next === undefined) return 'nothing';
    const found = this.#of(key, stored) ?? { uid: stored.metadata.uid, isRefused: false, pods: [] };
    if (next === 'replace') this.#replace(key, stored, found);
    else if (next === 'end') this.#keep(key, { ...found, pods: found.pods.filter((pod) => !this.#mayEnd(pod)) });
    else if (next === 'start') this.#keep(key, { ...found, pods: this.#started(key, stored, found.pods) });
    else this.#keep(key, found);
    this.#report(key, stored);
    this.#moving = undefined;
    return { replace: 'its pods are replaced', end: 'old pods end', start: 'pods run', report: 'its status' }[next];
  }

  /** The node is silent, or speaks again. */
  setDead(node: string, isDead: boolean): void {
    if (isDead) this.#dead.add(node);
    else this.#dead.delete(node);
    for (const [key, found] of this.#pods) {
      const pods = found.pods.map((pod) => {
        return pod.node === node && pod.isScheduled ? this.#changed(pod, { isReady: !isDead }) : pod;
      });
      this.#keep(key, { ...found, pods });
    }
  }

  /** A policy refuses new pods of the workload. */
  refuse(key: string): void {
    this.#refusing.add(key);
    this.#moving = undefined;
  }

  endRefusals(): void {
    this.#refusing.clear();
    this.#moving = undefined;
  }

  get refusing(): readonly string[] {
    return [...this.#refusing];
  }

  get deadNodes(): readonly string[] {
    return [...this.#dead];
  }

  /** A pod of somebody else's on the node takes the port, whoever has it. */
  foreignComes(node: string, port: number): void {
    const name = `node-agent-${node}-${port}`;
    if (this.#foreign.has(name)) return;
    const template = { spec: { hostNetwork: true, containers: [{ name: 'agent', args: [`--port=${port}`] }] } };
    const pod = this.#newPod({ name, owner: FOREIGN, template, node, isScheduled: true });
    this.#foreign.set(name, { pod, port });
    this.#publish([], [pod]);
  }

  foreignGoes(at: number): void {
    const names = [...this.#foreign.keys()];
    const name = names[at % Math.max(names.length, 1)];
    if (name === undefined) return;
    const { pod } = this.#foreign.get(name)!;
    this.#foreign.delete(name);
    this.#publish([pod], []);
  }

  /** Ports that foreign pods have on a node. */
  foreignPorts(node: string): number[] {
    return [...this.#foreign.values()].filter(({ pod }) => pod.node === node).map(({ port }) => port);
  }

  #nextOf(key: string, stored: StoredWorkload): 'replace' | 'end' | 'start' | 'report' | undefined {
    const found = this.#of(key, stored);
    if (found === undefined || this.#isToReplace(key, stored, found)) return 'replace';
    if (found.pods.some((pod) => this.#mayEnd(pod))) return 'end';
    if (found.pods.some((pod) => this.#placeOf(key, stored, pod, found.pods) !== undefined)) return 'start';
    const isReported = isDeepStrictEqual(stored.status, this.#statusOf(stored, found)) && !lacksRevision(stored);
    return isReported ? undefined : 'report';
  }

  #isToReplace(key: string, stored: StoredWorkload, { pods, isRefused }: Pods): boolean {
    const fresh = pods.filter((pod) => isNew(pod, stored)).length;
    const isMissing = fresh < this.#wanted(stored);
    if (isRefused !== (isMissing && this.#refusing.has(key))) return true;
    if (!isMissing || isRefused) return false;
    if (stored.kind === 'Deployment') return true;
    const held = pods.filter((pod) => this.#isDead(pod) && !isNew(pod, stored));
    return held.length === 0 || held.some(({ isTerminating }) => !isTerminating);
  }

  #replace(key: string, stored: StoredWorkload, found: Pods): void {
    const isMissing = found.pods.filter((pod) => isNew(pod, stored)).length < this.#wanted(stored);
    const isRefused = isMissing && this.#refusing.has(key);
    const pods = isRefused ? this.#refused(stored, found.pods) : this.#replaced(stored, found.pods);
    this.#keep(key, { uid: stored.metadata.uid, isRefused, pods });
  }

  /** A Deployment keeps its old pods; a DaemonSet has deleted one of them before it tries to make the new one. */
  #refused({ kind, metadata: { namespace } }: StoredWorkload, pods: readonly Pod[]): readonly Pod[] {
    const isWhole = pods.length >= this.#nodesOf(namespace).length;
    const first = pods.find((pod) => !this.#isDead(pod));
    return kind === 'Deployment' || !isWhole ? pods : pods.filter((pod) => pod !== first);
  }

  #replaced(stored: StoredWorkload, pods: readonly Pod[]): readonly Pod[] {
    const { kind, metadata } = stored;
    const kept = pods.filter((pod) => isNew(pod, stored));
    const ending = pods
      .filter((pod) => !isNew(pod, stored) && this.#isDead(pod))
      .map((pod) => (pod.isTerminating ? pod : this.#changed(pod, { isTerminating: true })));
    if (kind === 'DaemonSet' && ending.length > 0) {
      // No more nodes may be without an available pod.
      return [...pods.filter((pod) => isNew(pod, stored) || !this.#isDead(pod)), ...ending];
    }
    const owner = { namespace: metadata.namespace, kind, name: metadata.name };
    const make = (node?: string): Pod =>
      this.#newPod({
        name: `${metadata.name}-${(this.#made += 1)}`,
        owner,
        template: stored.spec.template,
        ...(node === undefined ? {} : { node }),
        isScheduled: false,
      });
    const nodes = this.#nodesOf(metadata.namespace).filter((node) => !kept.some((pod) => pod.node === node));
    const made = kind === 'DaemonSet' ? nodes.map(make) : Array.from({ length: REPLICAS - kept.length }, () => make());
    return [...ending, ...kept, ...made];
  }

  #started(key: string, stored: StoredWorkload, pods: readonly Pod[]): readonly Pod[] {
    const after = [...pods];
    pods.forEach((pod, index) => {
      const node = this.#placeOf(key, stored, pod, after);
      if (node !== undefined) after[index] = this.#changed(pod, { node, isScheduled: true, isReady: true });
    });
    return after;
  }

  /** Where the pod can run that does not run yet. */
  #placeOf(key: string, stored: StoredWorkload, pod: Pod, own: readonly Pod[]): string | undefined {
    if (pod.isScheduled || pod.isTerminating) return undefined;
    const wanted = portsHeld(stored);
    const others = [...this.#pods].flatMap(([other, { pods }]) => (other === key ? own : pods));
    return (pod.node === undefined ? this.#nodesOf(stored.metadata.namespace) : [pod.node]).find((node) => {
      if (this.#dead.has(node)) return false;
      const taken = others.filter((one) => one.isScheduled && one.node === node).flatMap(portsOfPod);
      return ![...taken, ...this.foreignPorts(node)].some((port) => wanted.includes(port));
    });
  }

  #mayEnd(pod: Pod): boolean {
    return pod.isTerminating && !this.#isDead(pod);
  }

  #isDead({ node, isScheduled }: Pod): boolean {
    return isScheduled && node !== undefined && this.#dead.has(node);
  }

  #wanted({ kind, metadata: { namespace } }: StoredWorkload): number {
    return kind === 'Deployment' ? REPLICAS : this.#nodesOf(namespace).length;
  }

  #of(key: string, { metadata }: StoredWorkload): Pods | undefined {
    const found = this.#pods.get(key);
    return found?.uid === metadata.uid ? found : undefined;
  }

  #newPod(pod: Omit<Pod, 'isTerminating' | 'isReady' | 'createdAt' | 'changedAt'>): Pod {
    const now = this.#server.time;
    return { ...pod, isTerminating: false, isReady: pod.isScheduled, createdAt: now, changedAt: now };
  }

  #changed(pod: Pod, change: Partial<Pod>): Pod {
    return { ...pod, ...change, changedAt: this.#server.time };
  }

  #forget(key: string): void {
    const found = this.#pods.get(key);
    this.#pods.delete(key);
    if (found !== undefined) this.#publish(found.pods, []);
  }

  #keep(key: string, found: Pods): void {
    const before = this.#pods.get(key)?.pods ?? [];
    this.#pods.set(key, found);
    this.#publish(before, found.pods);
  }

  #publish(before: readonly Pod[], after: readonly Pod[]): void {
    this.#moving = undefined;
    const gone = before.filter((pod) => !after.includes(pod)).flatMap((pod) => this.#unlist(pod, after) ?? []);
    const events = [...gone, ...after.filter((pod) => !before.includes(pod)).flatMap((pod) => this.#list(pod) ?? [])];
    if (events.length > 0) for (const told of this.#onEvents) told(events);
  }

  /** Only pods on the host network are listed. */
  #list(pod: Pod): PodEvent | undefined {
    if (pod.template.spec.hostNetwork !== true) return undefined;
    const raw = rawPodOf(pod, this.#server.nextVersion());
    this.#raw.set(pod, raw);
    return { isDeleted: false, raw };
  }

  #unlist(pod: Pod, after: readonly Pod[]): PodEvent | undefined {
    const raw = this.#raw.get(pod);
    this.#raw.delete(pod);
    // Another version of it follows.
    if (raw === undefined || after.some(({ name }) => name === pod.name)) return undefined;
    const metadata = { ...raw.metadata, resourceVersion: this.#server.nextVersion() };
    return { isDeleted: true, raw: { ...raw, metadata } };
  }

  /** Setting the annotation moves a Deployment's generation, which is looked at in turn. */
  #report(key: string, stored: StoredWorkload): void {
    const revision = stored.kind === 'Deployment' ? { [REVISION]: '1' } : {};
    const annotations = { ...stored.metadata.annotations, ...revision };
    const marked = this.#server.update(key, { ...stored, metadata: { ...stored.metadata, annotations } }, CONTROLLER);
    const found = this.#of(key, stored);
    if (found === undefined) return;
    const status = this.#statusOf(marked as StoredWorkload, found);
    this.#server.update(key, { ...marked, status }, { ...CONTROLLER, subresource: 'status' });
  }

  #statusOf(stored: StoredWorkload, { pods, isRefused }: Pods): object {
    const { kind, metadata } = stored;
    const living = pods.filter(({ isTerminating }) => !isTerminating);
    const updated = living.filter((pod) => isNew(pod, stored)).length;
    const up = living.filter(({ isScheduled, isReady }) => isScheduled && isReady).length;
    const observedGeneration = metadata.generation;
    if (kind === 'DaemonSet') {
      const wanted = this.#wanted(stored);
      return {
        observedGeneration,
        desiredNumberScheduled: wanted,
        currentNumberScheduled: pods.length,
        updatedNumberScheduled: updated,
        numberAvailable: up,
        numberUnavailable: wanted - up,
      };
    }
    const message = 'pods "csi" is forbidden: a policy refuses the port';
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
    return {
      observedGeneration,
      replicas: living.length,
      updatedReplicas: updated,
      availableReplicas: up,
      conditions: isRefused ? [failure] : [],
    };
  }

  #stored(key: string): StoredWorkload | undefined {
    return this.#server.get(key) as StoredWorkload | undefined;
  }
}

/** Of a workload by its template. */
function portsOfPod({ template }: Pod): number[] {
  return portsHeld({ spec: { template } } as StoredWorkload);
}

function lacksRevision({ kind, metadata }: StoredWorkload): boolean {
  return kind === 'Deployment' && metadata.annotations?.[REVISION] === undefined;
}

/** Whether it is of the template as it is now, and stays. */
function isNew({ template, isTerminating }: Pod, { spec }: StoredWorkload): boolean {
  return !isTerminating && (template === spec.template || textOf(template) === textOf(spec.template));
}

const TEXTS = new WeakMap<PodTemplate, string>();

/** Made once for each template: it is asked for at every step. */
function textOf(template: PodTemplate): string {
  const text = TEXTS.get(template) ?? JSON.stringify(template);
  TEXTS.set(template, text);
  return text;
}
