/** Somebody's admission policy rejects or reverts the patch. */
import { expect, onTestFinished, test } from 'vitest';
import { workloadManagers } from '../../src/kube/managed-fields.js';
import { AdminApiError, type KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import {
  CONFLICT_LAYOUT,
  each,
  inOrder,
  keysOf,
  layoutOf,
  OTHER_PORTS,
  portsOf,
  PROVISIONERS,
} from '../support/slots.js';
import { OPERATOR_USER } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0 });

const OTHERS_ROLL_OUT = inOrder<string>({ ...each('RollingOut'), rbdNodePlugin: 'Rejected' });

const POLICIES = '/apis/admissionregistration.k8s.io/v1';
const STRATEGIC = 'application/strategic-merge-patch+json';
const CAUSE = 'CSI workloads are frozen until Monday';

interface Policy {
  kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy';
  spec: object;
  bindingSpec?: object;
  /** By default: whether the node plugin cannot be changed. */
  inForce?: (rook: RookInstallation) => Promise<boolean>;
}

const REFUSING: Policy = {
  kind: 'ValidatingAdmissionPolicy',
  spec: { validations: [{ expression: 'object.spec.template == oldObject.spec.template', message: CAUSE }] },
  bindingSpec: { validationActions: ['Deny'] },
};
const FORBIDDING: Policy = {
  ...REFUSING,
  spec: {
    validations: [
      { expression: 'object.spec.template == oldObject.spec.template', message: CAUSE, reason: 'Forbidden' },
    ],
  },
};
const KEEPING_THE_OLD: Policy = {
  kind: 'MutatingAdmissionPolicy',
  spec: {
    reinvocationPolicy: 'Never',
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: '[JSONPatch{op: "replace", path: "/spec/template", value: oldObject.spec.template}]',
        },
      },
    ],
  },
};

const SIDECAR = [
  { name: 'index', expression: "object.spec.template.spec.containers.map(c, c.name).indexOf('csi-addons')" },
  { name: 'args', expression: 'object.spec.template.spec.containers[variables.index].args' },
];

/** Takes the port that was set for a stray, and adds its own behind it: in another place each time. */
const APPENDING: Policy = {
  kind: 'MutatingAdmissionPolicy',
  spec: {
    reinvocationPolicy: 'Never',
    variables: SIDECAR,
    matchConditions: [{ name: 'template', expression: 'object.spec.template != oldObject.spec.template' }],
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression:
            '[JSONPatch{op: "add", path: "/spec/template/spec/containers/" + string(variables.index) + "/args/-",' +
            ' value: "--controller-port=9" + string(100 + variables.args.size())}]',
        },
      },
    ],
  },
  inForce: async (rook) => {
    const stored = (await rook.workload('rbdNodePlugin')).spec!.template as Template;
    return portArguments(await templateAfterProbe(rook)) > portArguments(stored);
  },
};

/** Sets the port in whatever anybody but the operator writes: managedFields say that the operator has written it. */
const SETTING_FOR_OTHERS: Policy = {
  kind: 'MutatingAdmissionPolicy',
  spec: {
    reinvocationPolicy: 'Never',
    variables: [
      ...SIDECAR,
      { name: 'port', expression: "variables.args.map(a, a.startsWith('--controller-port=')).indexOf(true)" },
    ],
    matchConditions: [{ name: 'others', expression: `request.userInfo.username != '${OPERATOR_USER}'` }],
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression:
            '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/" + string(variables.index) + "/args/" +' +
            ' string(variables.port), value: "--controller-port=9999"}]',
        },
      },
    ],
  },
  // Whatever it has set before.
  inForce: async (rook) => {
    const { containers } = ((await rook.workload('rbdNodePlugin')).spec!.template as Template).spec;
    const probe = containers.map(({ name, args = [] }) => ({
      name,
      args: args.map((argument) => argument.replace(/^(--controller-port)=.*/, '$1=1111')),
    }));
    const { spec } = await templateAfterProbe(rook, { spec: { containers: probe } });
    return JSON.stringify(spec).includes('--controller-port=9999');
  },
};

/** Puts the policy in force for the node plugin of one namespace; resolves with what takes it out of force again. */
async function enforce(policy: Policy, rook: RookInstallation): Promise<() => Promise<void>> {
  const { kind, spec, bindingSpec } = policy;
  const inForce = policy.inForce ?? (async (): Promise<boolean> => !(await canMove(rook)));
  const { api } = cluster().controlPlane;
  const name = `${kind.toLowerCase()}-${rook.namespace}`;
  const collection = kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'mutatingadmissionpolicies';
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['daemonsets'] };
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': rook.namespace } };
  const matchConstraints = { resourceRules: [rule], namespaceSelector };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  await api.create(`${POLICIES}/${collection}`, {
    apiVersion,
    kind,
    metadata: { name },
    spec: { failurePolicy: 'Fail', matchConstraints, ...spec },
  });
  await api.create(`${POLICIES}/${collection.replace(/ies$/, 'ybindings')}`, {
    apiVersion,
    kind: `${kind}Binding`,
    metadata: { name },
    spec: { policyName: name, ...bindingSpec },
  });
  const remove = async (): Promise<void> => {
    await api.delete(`${POLICIES}/${collection}?fieldSelector=metadata.name%3D${name}`);
    await waitFor(`${name} to be out of force`, async () => !(await inForce(rook)));
  };
  onTestFinished(remove);
  await waitFor(`${name} to be in force`, () => inForce(rook));
  return remove;
}

interface Template extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly name: string; readonly args?: readonly string[] }[] };
}

/** What the API server would store of the node plugin's template with an annotation more. */
async function templateAfterProbe(rook: RookInstallation, more: object = {}): Promise<Template> {
  const body = { spec: { template: { metadata: { annotations: { probe: 'yes' } }, ...more } } };
  const path = `${rook.workloadPath('rbdNodePlugin')}?dryRun=All`;
  const { api } = cluster().controlPlane;
  const { spec } = await api.patch<{ spec: { template: Template } }>(path, body, STRATEGIC);
  return spec.template;
}

function portArguments({ spec }: Template): number {
  const { args = [] } = spec.containers.find(({ name }) => name === 'csi-addons')!;
  return args.filter((argument) => argument.startsWith('--controller-port=')).length;
}

/** Whether the API server would store another template of the node plugin. */
async function canMove(rook: RookInstallation): Promise<boolean> {
  try {
    return (await templateAfterProbe(rook)).metadata.annotations?.probe === 'yes';
  } catch (error) {
    if (error instanceof AdminApiError && JSON.stringify(error.body).includes(CAUSE)) return false;
    throw error;
  }
}

test.each([
  { how: 'rejected as invalid', policy: REFUSING, cause: CAUSE },
  { how: 'rejected as forbidden', policy: FORBIDDING, cause: CAUSE },
  {
    how: 'accepted and reverted on the way',
    policy: KEEPING_THE_OLD,
    cause: 'an admission policy or webhook changed what was sent to something else',
  },
])('a patch that is $how is Rejected with its cause, told once, while the others go on', async ({ policy, cause }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const remove = await enforce(policy, rook);
  const operator = await cluster().startOperator();
  const rejected = await assignment.waitForReason('Ready', 'PatchRejected');

  expect(rejected.workloads.map(({ state }) => state)).toEqual(OTHERS_ROLL_OUT);
  expect(await rook.layout()).toEqual(layoutOf({ rbdNodePlugin: 9070 }));
  const message = expect.stringMatching(new RegExp(`DaemonSet csi-rbdplugin: .*${cause}`)) as string;
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', message });
  // The ports collide as long as the patch is rejected, which is the graver finding; the cause is told with it.
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'PortConflict', message });

  await assignment.waitUntilRestored();
  await assignment.waitUntilRestored();
  await remove();
  // An edit makes it another write, which is tried at once.
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual(layoutOf());
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await operator.reverts()).toBe(0);

  const recorded = await cluster().eventsAfterStop(operator, rook.namespace);
  const events = recorded.filter(({ reason }) => reason === 'PatchRejected');
  expect(events.map(({ regarding, type, series }) => [regarding.kind, type, series]).sort()).toEqual([
    ['CSIPortAssignment', 'Warning', undefined],
    ['DaemonSet', 'Warning', undefined],
  ]);
  expect(events[0]!.note).toContain(cause);
});

/** Without it a port that a policy sets would stay, as it collides with nobody. */
const NODE_PLUGIN_ON_9072 = { ports: { rbdNodePlugin: 9072 } };

test('a policy that adds another port each time is not fought with: the patch is asked again only after its time', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, NODE_PLUGIN_ON_9072);
  const remove = await enforce(APPENDING, rook);
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  const rejected = await assignment.waitForReason('Ready', 'PatchRejected');
  expect(rejected.workloads.map(({ state }) => state)).toEqual(OTHERS_ROLL_OUT);
  // Whatever else happens to the workload.
  for (const mood of ['one', 'two', 'three']) {
    await cluster().controlPlane.api.patch(rook.workloadPath('rbdNodePlugin'), { metadata: { annotations: { mood } } });
  }
  await remove();
  // A change of the assignment is what makes it another write.
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual(layoutOf());
  const tries = (await cluster().writesSince(mark)).filter((write) => write === 'patch daemonsets csi-rbdplugin');
  expect(tries).toHaveLength(2);
});

test('Degraded says PatchRejected where the rejected workload has no port in common with another', async () => {
  const config = keysOf(portsOf(PROVISIONERS, OTHER_PORTS));
  const { rook, assignment } = await cluster().installRookWithAssignment(
    { version: '1.17.9', config },
    NODE_PLUGIN_ON_9072,
  );
  await enforce(REFUSING, rook);
  await cluster().startOperator();
  await assignment.waitForReason('Degraded', 'PatchRejected');
  expect(await assignment.condition('Degraded')).toMatchObject({
    status: 'True',
    message: expect.stringContaining(CAUSE) as string,
  });
  expect(await rook.layout()).toEqual(layoutOf({ ...OTHER_PORTS, rbdNodePlugin: 9070 }));
});

test('a rejected patch is tried again by itself within half a minute', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const remove = await enforce(REFUSING, rook);
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'PatchRejected');
  await assignment.waitUntilSettled();
  const mark = await cluster().controlPlane.audit.mark();
  await remove();

  await waitFor('the node plugin to be moved', async () => (await rook.ports('rbdNodePlugin')).argument === 9072);
  const writes = await cluster().writesUntilSettled(mark, assignment);
  const tries = writes.filter((write) => write === 'patch daemonsets csi-rbdplugin');
  expect(tries).toHaveLength(1);
});

test('DryRun finds out that the patch would be rejected: Rejected, and nothing is written but the status', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode: 'DryRun' });
  await enforce(REFUSING, rook);
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();

  const status = await assignment.waitForReason('Ready', 'PatchRejected');
  expect(status.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('Drifted'), rbdProvisioner: 'RollingOut', rbdNodePlugin: 'Rejected' }),
  );
  expect(await assignment.condition('Ready')).toMatchObject({ message: expect.stringContaining(CAUSE) as string });
  await assignment.waitUntilSettled();
  const writes = await cluster().writesSince(mark);
  expect(writes.filter((write) => write !== STATUS_WRITE && !write.endsWith('(dry run)'))).toEqual([]);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
});

test('a policy that sets the port in what others write reverts it, also where the operator owns the field: contested', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, NODE_PLUGIN_ON_9072);
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  await enforce(SETTING_FOR_OTHERS, rook);
  const mark = await cluster().controlPlane.audit.mark();
  for (let revert = 1; revert <= 6; revert += 1) {
    const touched = { metadata: { annotations: { revert: String(revert) } } };
    await cluster().controlPlane.api.patch(rook.workloadPath('rbdNodePlugin'), touched);
    const isMended = async (): Promise<boolean> => (await rook.ports('rbdNodePlugin')).argument === 9072;
    if (revert < 6) await waitFor(`revert ${revert} to be mended`, isMended);
  }
  await assignment.waitForReason('Progressing', 'BackingOff');
  const { reason, message: contested } = await assignment.condition('Degraded');
  expect(reason).toBe('Contested');
  expect(contested).toContain('DaemonSet csi-rbdplugin is changed back again and again by a writer that left no name');
  const { metadata } = await rook.workload('rbdNodePlugin');
  const owners = workloadManagers(metadata!.managedFields).filter(({ ownsPort }) => ownsPort);
  expect(owners.map(({ name }) => name)).toEqual(['csi-port-operator']);
  const patches = (await cluster().writesSince(mark)).filter((write) => write === 'patch daemonsets csi-rbdplugin');
  expect(patches).toHaveLength(5);
});
