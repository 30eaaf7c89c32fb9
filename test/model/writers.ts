/** What people and tools do to the assignment and its status, to Rook's settings and to the workloads. */
import fc from 'fast-check';
import type { AssignmentSpec, AssignmentStatus, Mode, RookConfigPolicy } from '../../src/domain/rules/api.js';
import { SLOT_SPECS, type ConfigKey, type Slot } from '../../src/domain/rules/slots.js';
import type { Author } from './api-server.js';
import { ASSIGNMENT, CONFIG, WORKLOADS, type StoredAssignment, type StoredWorkload } from './objects.js';
import { Step, always, often, type Weighted } from './step.js';
import {
  LAYOUT_PORTS,
  argumentMoved,
  containerInserted,
  hostNetworkSwitched,
  imageSet,
  leftoverDeclared,
  portMoved,
  portTaken,
} from './workload-edits.js';
import { SETTINGS, type World } from './world.js';

const PERSON: Author = { manager: 'kubectl-edit' };
const GIT: Author = { manager: 'argocd-controller' };

const anySlot = fc.constantFrom<Slot>(...SLOT_SPECS.map(({ slot }) => slot));
const anyKey = fc.constantFrom<ConfigKey>(...SLOT_SPECS.map(({ configKey }) => configKey));
const anyWorkload = fc.constantFrom(...WORKLOADS);
const anyPort = fc.constantFrom(...LAYOUT_PORTS, 9075);
const layoutPort = fc.constantFrom(...LAYOUT_PORTS);
const anyValue = fc.oneof(anyPort.map(String), fc.constantFrom('', 'abc', '70000', '0', '80', '9080'));

const NONSENSE = {
  ports: 'none',
  conditions: [{ type: 'Ready', lastTransitionTime: 'never' }],
} as unknown as AssignmentStatus;

type Spec = AssignmentSpec;
type Told = keyof AssignmentStatus;
type Data = Readonly<Record<string, string>>;

const ofTheSpec: readonly Weighted[] = [
  often(3, fc.tuple(anySlot, anyPort).map(portWanted)),
  often(1, fc.constant(spec('ports is taken out', (before) => without(before, 'ports')))),
  often(
    1,
    fc.constantFrom<Mode>('Enforce', 'Paused', 'DryRun').map((mode) => specSet({ mode })),
  ),
  often(
    1,
    fc.constantFrom<RookConfigPolicy>('Pin', 'Leave').map((rookConfig) => specSet({ rookConfig })),
  ),
];

/** What a restore from a backup, or somebody who repairs by hand, leaves of it. */
const ofTheStatus: readonly Weighted[] = [
  often(1, fc.constant(status('is lost', () => undefined))),
  often(1, fc.constantFrom<Told>('workloads', 'conflicts', 'conditions', 'ports').map(untold)),
  often(1, fc.constant(status('is nonsense', () => NONSENSE))),
];

const ofTheSettings: readonly Weighted[] = [
  often(
    4,
    fc.tuple(anyKey, anyValue).map(([key, value]) => settingSet(key, value)),
  ),
  often(
    2,
    anyKey.map((key) => settings(`kubectl takes ${key} out`, (data) => without(data, key))),
  ),
  often(
    1,
    fc.constantFrom('true', 'false').map((value) => settingSet('ROOK_ENFORCE_HOST_NETWORK', value)),
  ),
  often(
    1,
    fc.constantFrom('0', '5').map((value) => settingSet('CSI_LOG_LEVEL', value)),
  ),
  often(1, fc.tuple(anyKey, anyPort).map(replacedFromGit)),
  often(1, fc.tuple(anyKey, anyPort).map(appliedFromGit)),
];

const ofTheWorkloads: readonly Weighted[] = [
  often(
    3,
    fc.tuple(anyWorkload, anyPort).map(([name, port]) => moved(name, port, PERSON)),
  ),
  often(
    1,
    anyWorkload.map((name) => moved(name, 9070, GIT)),
  ),
  often(1, fc.tuple(anyWorkload, layoutPort).map(onlyArgumentMoved)),
  often(1, fc.tuple(anyWorkload, layoutPort).map(leftover)),
  often(
    1,
    anyWorkload.map((name) => workload(`an image of ${name} is set`, name, imageSet)),
  ),
  often(
    1,
    anyWorkload.map((name) => workload(`a container is injected into ${name}`, name, containerInserted)),
  ),
  often(
    1,
    fc.tuple(anyWorkload, anyPort).map(([name, port]) => {
      return workload(`a container of ${name} takes ${port}`, name, (before) => portTaken(before, port));
    }),
  ),
  often(
    1,
    anyWorkload.map((name) => workload(`the host network of ${name} is switched`, name, hostNetworkSwitched)),
  ),
];

export const writers: readonly Weighted[] = [
  ...ofTheSpec,
  ...ofTheStatus,
  ...ofTheSettings,
  ...ofTheWorkloads,
  often(1, fc.constantFrom(ASSIGNMENT, CONFIG, ...WORKLOADS).map(deleted)),
  often(2, always('kubectl makes what is missing anew', makeMissing)),
];

function portWanted([slot, port]: readonly [Slot, number]): Step {
  return spec(`ports.${slot} becomes ${port}`, (before) => ({ ...before, ports: { ...before.ports, [slot]: port } }));
}

function specSet(change: Spec): Step {
  return spec(`has ${JSON.stringify(change)} now`, (before) => ({ ...before, ...change }));
}

function settingSet(key: string, value: string): Step {
  return settings(`kubectl sets ${key}=${value}`, (data) => ({ ...data, [key]: value }));
}

function replacedFromGit([key, port]: readonly [ConfigKey, number]): Step {
  const text = `git replaces the settings: ${key}=${port}, and no other port`;
  return settings(text, () => ({ ...SETTINGS, [key]: String(port) }), GIT);
}

function appliedFromGit([key, port]: readonly [ConfigKey, number]): Step {
  const author = { ...GIT, applies: [key] };
  return settings(`git applies ${key}=${port}`, (data) => ({ ...data, [key]: String(port) }), author);
}

function moved(name: string, port: number, author: Author): Step {
  return workload(`${author.manager} puts ${name} on ${port}`, name, (before) => portMoved(before, port), author);
}

function onlyArgumentMoved([name, port]: readonly [string, number]): Step {
  return workload(`kubectl sets the argument of ${name} to ${port}`, name, (before) => argumentMoved(before, port));
}

function leftover([name, port]: readonly [string, number]): Step {
  return workload(`kubectl leaves ${name} declaring ${port}, too`, name, (before) => leftoverDeclared(before, port));
}

function deleted(name: string): Step {
  return new Step(`kubectl deletes ${name}`, ({ server }) => server.delete(name, PERSON.manager));
}

/** Workloads that are missing come with Rook's next pass. */
function makeMissing({ server }: World): void {
  if (server.get(ASSIGNMENT) === undefined)
    server.create(ASSIGNMENT, { kind: 'CSIPortAssignment', metadata: {}, spec: {} }, PERSON);
  if (server.get(CONFIG) === undefined)
    server.create(CONFIG, { kind: 'ConfigMap', metadata: {}, data: SETTINGS }, PERSON);
}

function spec(text: string, edit: (before: Spec) => Spec): Step {
  return new Step(`spec.${text}`, ({ server }) => {
    const stored = server.get(ASSIGNMENT) as StoredAssignment | undefined;
    if (stored === undefined) return;
    const after = edit(stored.spec);
    const ports = Object.values(after.ports ?? {});
    // The schema takes distinct ports only.
    if (new Set(ports).size === ports.length) server.update(ASSIGNMENT, { ...stored, spec: after }, PERSON);
  });
}

function untold(field: Told): Step {
  return status(`has no ${field} any more`, (before) => without(before, field));
}

function status(text: string, edit: (before: AssignmentStatus) => AssignmentStatus | undefined): Step {
  return new Step(`the status ${text}`, ({ server }) => {
    const stored = server.get(ASSIGNMENT) as StoredAssignment | undefined;
    if (stored?.status === undefined) return;
    const { status: before, ...rest } = stored;
    const after = edit(before);
    server.update(ASSIGNMENT, { ...rest, ...(after === undefined ? {} : { status: after }) }, PERSON);
  });
}

function settings(text: string, edit: (data: Data) => Data, author = PERSON): Step {
  return new Step(text, ({ server }) => {
    const stored = server.get(CONFIG);
    if (stored !== undefined) server.update(CONFIG, { ...stored, data: edit(stored.data ?? {}) }, author);
  });
}

function workload(text: string, name: string, edit: (before: StoredWorkload) => StoredWorkload, author = PERSON): Step {
  return new Step(text, ({ server }) => {
    const stored = server.get(name) as StoredWorkload | undefined;
    if (stored !== undefined) server.update(name, edit(stored), author);
  });
}

function without<T extends object>(object: T, field: string): T {
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== field)) as T;
}
