/** Counts who changed what in a namespace, and holds every write of the operator against what must never happen. */
import { isDeepStrictEqual } from 'node:util';
import { FIELD_MANAGER, type AssignmentStatus } from '../../src/domain/rules/api.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, forEachSlot, type Slot } from '../../src/domain/rules/slots.js';
import type { Change } from './api-server.js';
import { hold, is } from './hold.js';
import { checkPatch, checkPin } from './laws.js';
import type { Request } from './operator.js';
import {
  ASSIGNMENT,
  CONFIG,
  isOnHostNetwork,
  keyOf,
  placeOf,
  saidPorts,
  slotOfWorkload,
  type PodTemplate,
  type SaidPorts,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';

const PORT_KEYS: readonly string[] = SLOT_SPECS.map(({ configKey }) => configKey);

export class Ledger {
  /** Changes by others of what a slot's sidecar says of its port; that a workload comes or goes, or its host network, is one. */
  readonly portChanges: Record<Slot, number> = forEachSlot(() => 0);
  /** Workloads that came to the host network. */
  arrivals = 0;
  specEdits = 0;
  settingsEdits = 0;
  /** The operator's. */
  readonly patches: Record<Slot, number> = forEachSlot(() => 0);
  pins = 0;
  /** The operator's request that is being done. */
  request: Pick<Request, 'onto' | 'known' | 'isLate'> | undefined;
  readonly #namespace: string;
  /** Workloads, by uid and port, as the process of the operator may have seen them. */
  readonly #seen = new Set<string>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Everything that others did which may make the operator write. */
  get disturbances(): number {
    const changes = Object.values(this.portChanges).reduce((sum, count) => sum + count, 0);
    return changes + this.specEdits + this.settingsEdits;
  }

  /** A new process of the operator knows what there is, and nothing of what was. */
  beginProcess(workloads: readonly StoredWorkload[]): void {
    this.#seen.clear();
    for (const workload of workloads) this.#see(workload);
  }

  take(change: Change): void {
    if (change.by === FIELD_MANAGER) this.#takeOwn(change);
    else this.#takeForeign(change);
    if (change.after !== undefined && this.#slotOf(change.name) !== undefined)
      this.#see(change.after as StoredWorkload);
  }

  #see(workload: StoredWorkload): void {
    this.#seen.add(`${workload.metadata.uid} ${saidPorts(workload)?.listens ?? 0}`);
  }

  #slotOf(key: string): Slot | undefined {
    return slotOfWorkload(placeOf(key).name);
  }

  #isOf(key: string, name: string): boolean {
    return key === keyOf(this.#namespace, name);
  }

  /**
   * The bounds on what the operator writes, and so on what it restarts.
   *
   * @param most of all that happened in this namespace and around it: each can make one slot move, and change what Rook is
   *   to render, in two steps
   */
  checkBounds(most: number): void {
    for (const { slot } of SLOT_SPECS) {
      hold(this.patches[slot] <= most, `${slot} was patched ${this.patches[slot]} times, at most ${most} were due`);
    }
    hold(this.pins <= 2 * most, `${this.pins} pins, at most ${2 * most} were due`);
  }

  #takeForeign({ name, before, after }: Change): void {
    const slot = this.#slotOf(name);
    if (slot !== undefined) this.#takeWorkload(slot, before as StoredWorkload | undefined, after as StoredWorkload);
    else if (this.#isOf(name, ASSIGNMENT) && !isDeepStrictEqual(before?.spec, after?.spec)) this.specEdits += 1;
    else if (this.#isOf(name, CONFIG) && (after === undefined || !isSameSettings(before, after)))
      this.settingsEdits += 1;
  }

  #takeWorkload(slot: Slot, before: StoredWorkload | undefined, after: StoredWorkload | undefined): void {
    const [was, is] = [standing(before), standing(after)];
    if (isDeepStrictEqual(was, is)) return;
    this.portChanges[slot] += 1;
    if (is.competes && !was.competes) this.arrivals += 1;
  }

  #takeOwn({ name, before, after }: Change): void {
    if (before === undefined || after === undefined) throw new Error(`the operator made or deleted ${name}`);
    const slot = this.#slotOf(name);
    if (slot !== undefined) {
      hold(
        isDeepStrictEqual(withoutPort(before as StoredWorkload), withoutPort(after as StoredWorkload)),
        `more of ${name} than its port was changed`,
      );
      this.#checkPatch(slot, after as StoredWorkload);
      this.patches[slot] += 1;
    } else if (this.#isOf(name, CONFIG)) {
      this.#isOntoKnown(before);
      hold(isDeepStrictEqual(otherKeys(before), otherKeys(after)), 'another key than the three was changed');
      if (this.request !== undefined) checkPin(this.#namespace, this.request.known);
      this.pins += 1;
    } else {
      this.#isOntoKnown(before);
      hold(isDeepStrictEqual(before.spec, after.spec), 'the spec was changed');
      const status = after.status as AssignmentStatus;
      is('status.observedGeneration', status.observedGeneration, after.metadata.generation);
      hasDistinctReadyPorts(status);
    }
  }

  #checkPatch(slot: Slot, after: StoredWorkload): void {
    const { request } = this;
    const port = saidPorts(after)?.listens;
    if (request === undefined || port === undefined) return;
    const isPutBack = request.isLate || this.#seen.has(`${after.metadata.uid} ${port}`);
    checkPatch({ namespace: this.#namespace, slot, port, known: request.known, isPutBack });
  }

  /** Else what others wrote meanwhile would be overwritten unseen, or spoken of as if it had been seen. */
  #isOntoKnown({ metadata: { name, resourceVersion } }: StoredObject): void {
    const known = this.request?.onto;
    hold(
      known === resourceVersion,
      `${name} was written onto version ${resourceVersion}, and the operator knew of ${known ?? 'none'}`,
    );
  }
}

function hasDistinctReadyPorts({ workloads }: AssignmentStatus): void {
  const ports = workloads.filter(({ state }) => state === 'Ready').map(({ currentPort }) => currentPort);
  hold(new Set(ports).size === ports.length, `the status calls Ready what shares a port: ${ports.join(', ')}`);
}

/** A key that gets another owner is an edit, too: whose a key is decides the ports. */
function isSameSettings(before: StoredObject | undefined, after: StoredObject): boolean {
  const owners = (object: StoredObject | undefined): unknown =>
    object?.metadata.managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1]);
  return isDeepStrictEqual(before?.data, after.data) && isDeepStrictEqual(owners(before), owners(after));
}

interface Standing {
  readonly uid: string | undefined;
  readonly ports: SaidPorts | undefined;
  readonly competes: boolean;
}

function standing(workload: StoredWorkload | undefined): Standing {
  if (workload === undefined) return { uid: undefined, ports: undefined, competes: false };
  return { uid: workload.metadata.uid, ports: saidPorts(workload), competes: isOnHostNetwork(workload) };
}

function otherKeys({ data }: StoredObject): unknown {
  return Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => !PORT_KEYS.includes(key)));
}

function withoutPort({ metadata, spec, status }: StoredWorkload): unknown {
  return [metadata.annotations, { ...spec, template: templateWithoutPort(spec.template) }, status];
}

function templateWithoutPort({ spec, ...rest }: PodTemplate): unknown {
  const containers = spec.containers.map((container) => {
    if (container.name !== SIDECAR_CONTAINER) return container;
    const args = container.args ?? [];
    return { ...container, ports: [], args: args.filter((argument) => !argument.startsWith('--controller-port=')) };
  });
  return { ...rest, spec: { ...spec, containers } };
}
