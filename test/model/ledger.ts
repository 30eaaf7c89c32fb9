/** Counts who changed what, and holds every write of the operator against what must never happen. */
import { isDeepStrictEqual } from 'node:util';
import { FIELD_MANAGER, type AssignmentStatus } from '../../src/domain/rules/api.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, forEachSlot, type Slot } from '../../src/domain/rules/slots.js';
import type { Change } from './api-server.js';
import type { Request } from './operator.js';
import {
  ASSIGNMENT,
  CONFIG,
  isOnHostNetwork,
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
  request: Pick<Request, 'onto'> | undefined;

  take(change: Change): void {
    if (change.by === FIELD_MANAGER) this.#takeOwn(change);
    else this.#takeForeign(change);
  }

  /** The bounds on what the operator writes, and so on what it restarts. */
  checkBounds(): void {
    const edits = this.specEdits + this.settingsEdits;
    for (const { slot } of SLOT_SPECS) {
      const most = this.portChanges[slot] + edits;
      hold(this.patches[slot] <= most, `${slot} was patched ${this.patches[slot]} times, at most ${most} were due`);
    }
    const most = edits + this.arrivals;
    hold(this.pins <= most, `${this.pins} pins, at most ${most} were due`);
  }

  #takeForeign({ name, before, after }: Change): void {
    const slot = slotOfWorkload(name);
    if (slot !== undefined) this.#takeWorkload(slot, before as StoredWorkload | undefined, after as StoredWorkload);
    else if (name === ASSIGNMENT && !isDeepStrictEqual(before?.spec, after?.spec)) this.specEdits += 1;
    else if (name === CONFIG && (after === undefined || !isSameSettings(before, after))) this.settingsEdits += 1;
  }

  #takeWorkload(slot: Slot, before: StoredWorkload | undefined, after: StoredWorkload | undefined): void {
    const [was, is] = [standing(before), standing(after)];
    if (isDeepStrictEqual(was, is)) return;
    this.portChanges[slot] += 1;
    if (is.competes && !was.competes) this.arrivals += 1;
  }

  #takeOwn({ name, before, after }: Change): void {
    if (before === undefined || after === undefined) throw new Error(`the operator made or deleted ${name}`);
    const slot = slotOfWorkload(name);
    if (slot !== undefined) {
      hold(
        isDeepStrictEqual(withoutPort(before as StoredWorkload), withoutPort(after as StoredWorkload)),
        `more of ${name} than its port was changed`,
      );
      this.patches[slot] += 1;
    } else if (name === CONFIG) {
      this.#isOntoKnown(before);
      hold(isDeepStrictEqual(otherKeys(before), otherKeys(after)), 'another key than the three was changed');
      this.pins += 1;
    } else {
      this.#isOntoKnown(before);
      hold(isDeepStrictEqual(before.spec, after.spec), 'the spec was changed');
      const status = after.status as AssignmentStatus;
      is('status.observedGeneration', status.observedGeneration, after.metadata.generation);
      hasDistinctReadyPorts(status);
    }
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

export function hold(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

export function is(what: string, found: unknown, expected: unknown): void {
  hold(found === expected, `${what} is ${String(found)}, not ${String(expected)}`);
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
