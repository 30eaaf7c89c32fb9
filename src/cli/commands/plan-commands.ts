/** The plan as kubectl commands, for those who run no operator: Rook's keys and the provisioners first, the node plugin last. */
import { compatibilityOf, readsOneKey } from '../../domain/report/compatibility.js';
import type { Pin } from '../../domain/rules/pin.js';
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import { parseRookVersion } from '../../domain/rules/rook-operator.js';
import { SLOT_SPECS, type SlotSpec } from '../../domain/rules/slots.js';
import type { WorkloadPlan } from '../../domain/rules/workload-plan.js';
import type { RookSurvey } from '../survey.js';
import { kubectl, shellJson, shellWord } from './shell.js';

/** Commands that are run together. */
export interface Phase {
  readonly text: string;
  /** For a POSIX shell, each on one line. */
  readonly commands: readonly string[];
}

export interface ManualPlan {
  /** Rows with a patch. */
  readonly drifted: readonly WorkloadPlan[];
  readonly pin: Pin;
  readonly rook: RookSurvey;
}

/** Empty if nothing is to be written. */
export function manualPhases({ drifted, pin, rook }: ManualPlan): Phase[] {
  const keys = obeysKeys(rook) ? pin : {};
  const [provisioners, nodePlugin] = [phase('Deployment'), phase('DaemonSet')];
  const isNew = rook.observed.rookConfig === undefined;
  const first = pinOf(keys, provisioners.specs);
  const last = pinOf(keys, nodePlugin.specs);
  const phases: Phase[] = [
    ...keyPhase('Tell Rook the ports of the provisioners', first, rook, isNew),
    ...patchPhase('Move the provisioners', drifted, provisioners.specs, rook),
    ...keyPhase(`${afterwards(drifted)}tell Rook the port of the node plugin`, last, rook, isNew && isEmpty(first)),
    ...patchPhase('Move the node plugin, last', drifted, nodePlugin.specs, rook),
  ];
  const caveat = caveatOf(rook);
  return phases.length === 0 || caveat === undefined ? phases : [...phases, { text: caveat, commands: [] }];
}

function phase(kind: SlotSpec['kind']): { readonly specs: readonly SlotSpec[] } {
  return { specs: SLOT_SPECS.filter((spec) => spec.kind === kind) };
}

/** A Rook that reads one key would put all three sidecars on the port of the node plugin; from v1.20 on it reads none. */
function obeysKeys({ plan: { rookVersion } }: RookSurvey): boolean {
  return !readsOneKey(rookVersion) && compatibilityOf(rookVersion, 'Rook')?.id !== 'legacy-left-behind';
}

function pinOf(pin: Pin, specs: readonly SlotSpec[]): Pin {
  const entries = specs.flatMap(({ configKey }) => {
    const value = pin[configKey];
    return value === undefined ? [] : [[configKey, value] as const];
  });
  return Object.fromEntries(entries);
}

function isEmpty(pin: Pin): boolean {
  return Object.keys(pin).length === 0;
}

function afterwards(drifted: readonly WorkloadPlan[]): string {
  return drifted.some(({ slotSpec }) => slotSpec.kind === 'Deployment')
    ? "When the provisioners' new pods were made (they may be Pending still), "
    : 'Then ';
}

function keyPhase(text: string, pin: Pin, { namespace }: RookSurvey, isNew: boolean): Phase[] {
  if (isEmpty(pin)) return [];
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  if (isNew) {
    const literals = Object.entries(pin).map(([key, value]) => `--from-literal=${key}=${value}`);
    return [
      { text: `${sentence}:`, commands: [kubectl(namespace, 'create configmap', ROOK_CONFIG_NAME, ...literals)] },
    ];
  }
  const patch = shellJson({ data: pin });
  return [
    {
      text: `${sentence}:`,
      commands: [kubectl(namespace, 'patch configmap', ROOK_CONFIG_NAME, '--type=merge -p', patch)],
    },
  ];
}

function patchPhase(
  text: string,
  drifted: readonly WorkloadPlan[],
  specs: readonly SlotSpec[],
  rook: RookSurvey,
): Phase[] {
  const rows = drifted.filter(({ slotSpec }) => specs.includes(slotSpec));
  if (rows.length === 0) return [];
  const commands = rows.map(({ slotSpec: { kind, workload }, patch }) => {
    return kubectl(
      rook.namespace,
      'patch',
      kind.toLowerCase(),
      shellWord(workload),
      '--type=json -p',
      shellJson(patch),
    );
  });
  const byRook = obeysKeys(rook) && rook.plan.rookAlive;
  const note = byRook ? ' (Rook does it by itself within seconds: a line that is then rejected found it done)' : '';
  return [{ text: `${text}${note}:`, commands }];
}

function caveatOf({ plan: { rookVersion } }: RookSurvey): string | undefined {
  if (readsOneKey(rookVersion)) {
    return `Rook ${rookVersion ?? ''} puts all sidecars on one port again whenever it writes its workloads: at each of its starts, and with each change of ${ROOK_CONFIG_NAME}. Only an upgrade to v1.16.5 or later, or the operator, keeps the ports.`;
  }
  return parseRookVersion(rookVersion) === undefined
    ? 'The version of Rook is not known. Up to v1.16.4 it moves all three sidecars by CSIADDONS_PORT: leave out the lines of the ConfigMap there.'
    : undefined;
}
