/** What a dump lacks of what a Rook is judged by. */
import { SLOT_SPECS } from '../../domain/rules/slots.js';
import { WATCH_TABLE } from '../../watched/watch-table.js';
import type { Gap } from '../survey.js';
import type { DumpObjects } from './dump-objects.js';

const POD_REMEDY = 'add them: kubectl get pods --all-namespaces -o yaml > pods.yaml';

export function dumpGaps(dump: DumpObjects): Gap[] {
  const namespaces = [...new Set([...dump.watched.rookNamespaces(), ...dump.watched.assignments.namespaces()])].sort();
  if (namespaces.length === 0) return [];
  return [
    ...podGaps(dump, namespaces),
    ...namespaces.flatMap((namespace) => gapsIn(namespace, dump)),
    ...statusGap(dump),
  ];
}

function podGaps(dump: DumpObjects, namespaces: readonly string[]): Gap[] {
  const what = WATCH_TABLE.pods.title;
  const { podNamespaces } = dump;
  const missing = { what, reason: 'NotInDump' as const, remedy: POD_REMEDY };
  if (podNamespaces.size === 0) {
    const message =
      'the dump has no pods: conflicts are those of the pod templates in it, as if all of them shared a node';
    return [{ ...missing, message }];
  }
  const own = namespaces
    .filter((namespace) => !dump.podsKnown(namespace))
    .map((namespace) => ({ ...missing, namespace, message: `the dump has no pods of ${namespace}` }));
  // Every cluster has pods on the host network beside Rook's.
  const isOfRooksAlone = [...podNamespaces].every((namespace) => namespaces.includes(namespace));
  const message = `the dump has pods of ${[...podNamespaces].sort().join(', ')} alone: who else takes a port is not known`;
  return isOfRooksAlone ? [...own, { ...missing, message }] : own;
}

/** If the dump has no object of a kind at all, it was not asked for. */
function gapsIn(namespace: string, dump: DumpObjects): Gap[] {
  const { rookConfigs, rookOperators } = WATCH_TABLE;
  if (!dump.watched.hasRook(namespace)) return [];
  const gaps = [
    ...(dump.hasKind(namespace, 'ConfigMap') ? [] : [missingKind(rookConfigs.title, 'configmaps', namespace)]),
    ...SLOT_SPECS.filter(({ kind }) => !dump.hasKind(namespace, kind)).map(({ kind, workload }) =>
      missingKind(`${kind} ${workload}`, `${kind.toLowerCase()}s`, namespace),
    ),
    ...(dump.watched.rookOperators.get(namespace) === undefined
      ? [missingKind(rookOperators.title, 'deployments', namespace)]
      : []),
  ];
  return [...gaps, ...managersGap(namespace, dump)];
}

function missingKind(what: string, plural: string, namespace: string): Gap {
  return {
    what,
    namespace,
    reason: 'NotInDump',
    message: `the dump has no ${what} of ${namespace}`,
    remedy: `add it, if the cluster has one: kubectl -n ${namespace} get ${plural} -o yaml > ${plural}.yaml`,
  };
}

/** Who wrote a key decides whether it is the admin's own. kubectl leaves that out unless it is asked for. */
function managersGap(namespace: string, { watched }: DumpObjects): Gap[] {
  const config = watched.rookConfigs.get(namespace);
  const isPinned = watched.assignments.get(namespace) !== undefined && Object.keys(config?.keys ?? {}).length > 0;
  if (config === undefined || config.managers.length > 0 || !isPinned) return [];
  return [
    {
      what: WATCH_TABLE.rookConfigs.title,
      namespace,
      reason: 'NotInDump',
      message:
        'the dump does not say who wrote its port keys: they count as yours, also those that the operator pinned',
      remedy: `kubectl -n ${namespace} get configmaps -o yaml --show-managed-fields`,
    },
  ];
}

function statusGap({ manifests }: DumpObjects): Gap[] {
  if (manifests.length === 0) return [];
  return [
    {
      what: 'Status of the workloads',
      reason: 'NotInDump',
      message: `without a status, so whether their pods run is not known: ${manifests.join(', ')}`,
    },
  ];
}
