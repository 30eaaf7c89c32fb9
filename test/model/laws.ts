/**
 * What must hold of each write of the operator, by what it had been told when it planned it. Rules of their own, made
 * from docs/admin/configure.md, Whose port wins; only the readers of a template and of a key are the operator's.
 */
import { isSlotWorkload, isWithoutPort, type HostNetworkPod } from '../../src/domain/rules/host-network-pods.js';
import { parsePortKey, userKeys, type RookConfig } from '../../src/domain/rules/rook-config.js';
import { currentPort, heldPorts } from '../../src/domain/rules/sidecar-port.js';
import { SLOT_SPECS, isListenable, type Slot } from '../../src/domain/rules/slots.js';
import { isCompeting, type Sidecar, type Workload } from '../../src/domain/rules/workload.js';
import type { Knowledge, KnownRook } from './knowledge.js';
import { hold } from './hold.js';

type Competing = Workload & { readonly sidecar: Sidecar };

interface Rival {
  readonly port: number;
  readonly who: string;
  /** Absent: it can be met anywhere. */
  readonly node?: string;
  /** A younger Rook, which makes way. */
  readonly yields: boolean;
  /** An older one that is given another port, and stays only if that is held. */
  readonly mayLeave?: true;
}

export interface Patch {
  readonly namespace: string;
  readonly slot: Slot;
  /** What it writes. */
  readonly port: number;
  readonly known: Knowledge;
  /** Whether this process had seen the workload on that port before. */
  readonly isPutBack: boolean;
}

/** A Rook, and all whom it may meet. */
interface Scene {
  readonly rook: KnownRook;
  readonly pods: readonly HostNetworkPod[] | undefined;
  readonly strangers: readonly Rival[];
}

export function checkPatch({ namespace, slot, port, known, isPutBack }: Patch): void {
  const scene = sceneIn(namespace, known);
  const workload = scene.rook.workloads[slot];
  if (!isCompeting(workload)) throw new Error(`${slot} was moved, and is not known to compete`);
  if (currentPort(workload.sidecar) !== port) {
    const holder = scene.strangers.find((rival) => rival.port === port && rival.mayLeave !== true);
    hold(holder === undefined, `${slot} was put on ${port}, which ${holder?.who ?? ''} is known to have`);
  }
  hold(hasReason(slot, workload, scene), `${slot} was moved to ${port} though nothing collides`);
  if (!isPutBack) checkOrder(slot, scene);
}

function checkOrder(slot: Slot, scene: Scene): void {
  for (const [other, one] of competingIn(scene.rook)) {
    if (other === slot) continue;
    // If it is to be moved itself, that ends the refusal, or brings another one.
    const isRefused = one.rollout.replicaFailure !== undefined && !hasReason(other, one, scene);
    hold(!isRefused, `${slot} was moved while pods of ${other} are refused`);
    const isFirst = slot === 'rbdNodePlugin' && scene.rook.assignment?.spec.ports?.[other] === undefined;
    if (isFirst) hold(isObserved(one), `${slot} was moved before the controller of ${other} has made its pods`);
  }
}

function sceneIn(namespace: string, known: Knowledge): Scene {
  const rook = known.rooks.get(namespace);
  if (rook === undefined) throw new Error(`a write in ${namespace}, which is not known`);
  return { rook, pods: known.pods, strangers: strangersOf(namespace, rook, known) };
}

/** A pin is due only if Rook would render something else than is there, or what is there has to move. */
export function checkPin(namespace: string, known: Knowledge): void {
  const scene = sceneIn(namespace, known);
  const { rook } = scene;
  const isDue = competingIn(rook).some(([slot, workload]) => {
    const isRendered = renderedPort(slot, rook.config) === currentPort(workload.sidecar);
    return !isRendered || hasReason(slot, workload, scene);
  });
  const isInvalid = SLOT_SPECS.some(
    ({ configKey }) => parsePortKey(rook.config?.keys[configKey]?.value).kind === 'Invalid',
  );
  hold(isDue || isInvalid, 'a key was pinned though Rook renders what is there, and nothing collides');
}

/** What Rook renders for a slot by its key; undefined: nothing. */
export function renderedPort(slot: Slot, config: Pick<RookConfig, 'keys'> | undefined): number | undefined {
  const { configKey } = SLOT_SPECS.find((spec) => spec.slot === slot)!;
  const meaning = parsePortKey(config?.keys[configKey]?.value);
  return meaning.kind === 'Unset' ? 9070 : meaning.port;
}

function hasReason(slot: Slot, workload: Competing, scene: Scene): boolean {
  if (mustMove(slot, workload, scene)) return true;
  // A port that it only declares may be the one that a sibling is given.
  if (heldPorts(workload.sidecar).size === 1) return false;
  return competingIn(scene.rook).some(([other, one]) => other !== slot && mustMove(other, one, scene));
}

function mustMove(slot: Slot, workload: Competing, scene: Scene): boolean {
  const port = currentPort(workload.sidecar);
  if (port === undefined || !isListenable(port)) return true;
  const asked = askedFor(slot, scene.rook);
  return asked.some((wish) => wish !== port) || meetsSibling(slot, workload, scene) || meetsStranger(workload, scene);
}

/** By the spec and by the user's key. */
function askedFor(slot: Slot, { assignment, config }: KnownRook): number[] {
  return [assignment?.spec.ports?.[slot], userKeys(config, undefined)[slot]].filter((port) => port !== undefined);
}

function meetsSibling(slot: Slot, { sidecar }: Competing, { rook }: Scene): boolean {
  const held = heldPorts(sidecar);
  const siblings = competingIn(rook).filter(([other]) => other !== slot);
  const theirs = siblings.flatMap(([other, one]) => [...heldPorts(one.sidecar), ...askedFor(other, rook)]);
  return theirs.some((taken) => held.has(taken));
}

function meetsStranger(workload: Competing, { pods, strangers }: Scene): boolean {
  const port = currentPort(workload.sidecar);
  const held = heldPorts(workload.sidecar);
  const nodes = pods && nodesOf(workload, pods);
  return strangers.some(({ port: taken, yields, node }) => {
    // A younger one makes way for what listens, not for a port that is only declared.
    if ((yields && taken === port) || !held.has(taken)) return false;
    return node === undefined || nodes === undefined || nodes.includes(node);
  });
}

function strangersOf(namespace: string, rook: KnownRook, known: Knowledge): Rival[] {
  const foreign = (known.pods ?? []).flatMap((pod) => foreignPorts(pod));
  const own = otherContainers(rook);
  const neighbours = [...known.rooks].filter(
    ([other]) => other !== namespace && shareNodes(namespace, other, known.pods),
  );
  return [...foreign, ...own, ...neighbours.flatMap(([other, one]) => neighbourPorts(other, one, rook, namespace))];
}

function foreignPorts({ workload, node, isScheduled, ports }: HostNetworkPod): Rival[] {
  if (!isScheduled || node === undefined || isSlotWorkload(workload)) return [];
  return ports.map(({ port }) => ({ port, who: `${workload.name} on ${node}`, node, yields: false }));
}

function otherContainers({ workloads }: KnownRook): Rival[] {
  const onHost = Object.values(workloads).filter(({ hostNetwork }) => hostNetwork);
  return onHost.flatMap(({ name, otherPorts }) =>
    otherPorts.map(({ port, container }) => ({ port, who: `${container} of ${name}`, yields: false })),
  );
}

/** An older one with a port of the spec leaves the one that it has, unless the other is held. */
function neighbourPorts(namespace: string, other: KnownRook, rook: KnownRook, own: string): Rival[] {
  const rank = rankOf(namespace, other, rook, own);
  const sidecars = competingIn(other).flatMap(([slot, { name, sidecar }]) => {
    const wanted = other.assignment?.spec.ports?.[slot];
    const rival = { who: `${rank} ${namespace}/${name}`, yields: rank === 'Younger' };
    const has = [...heldPorts(sidecar)];
    if (rank !== 'Older' || wanted === undefined) return has.map((port) => ({ ...rival, port }));
    return [{ ...rival, port: wanted }, ...has.map((port) => ({ ...rival, port, mayLeave: true as const }))];
  });
  return [...sidecars, ...otherContainers(other)];
}

function rankOf(namespace: string, { assignment }: KnownRook, rook: KnownRook, own: string): string {
  const isEnforced = assignment !== undefined && (assignment.spec.mode ?? 'Enforce') === 'Enforce';
  if (!isEnforced) return 'Fixed';
  const age = `${assignment.creationTimestamp} ${namespace}`;
  return age < `${rook.assignment?.creationTimestamp ?? ''} ${own}` ? 'Older' : 'Younger';
}

function shareNodes(a: string, b: string, pods: readonly HostNetworkPod[] | undefined): boolean {
  if (pods === undefined) return true;
  const nodesIn = (namespace: string): (string | undefined)[] =>
    pods.filter((pod) => pod.namespace === namespace && isSlotWorkload(pod.workload)).map(({ node }) => node);
  const nodes = nodesIn(a);
  return nodesIn(b).some((node) => node !== undefined && nodes.includes(node));
}

/** Where its pods are; undefined if that may be anywhere: there are none, or no node has the port free for one of them. */
function nodesOf({ namespace, name }: Workload, pods: readonly HostNetworkPod[]): (string | undefined)[] | undefined {
  const own = pods.filter(({ workload }) => workload.namespace === namespace && workload.name === name);
  const isAnywhere = own.length === 0 || own.some((pod) => pod.node === undefined && isWithoutPort(pod));
  return isAnywhere ? undefined : own.map(({ node }) => node);
}

function competingIn({ workloads }: KnownRook): (readonly [Slot, Competing])[] {
  return SLOT_SPECS.flatMap(({ slot }) => {
    const workload = workloads[slot];
    return isCompeting(workload) ? [[slot, workload] as const] : [];
  });
}

function isObserved({ rollout: { observedGeneration, generation } }: Workload): boolean {
  return observedGeneration === 0 || observedGeneration >= generation;
}
