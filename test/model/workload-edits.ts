/** How people and tools change a CSI workload. */
import { SIDECAR_CONTAINER } from '../../src/domain/rules/slots.js';
import { WORKLOADS, type Container, type PodTemplate, type StoredWorkload } from './objects.js';

export const LAYOUT_PORTS: readonly number[] = [9070, 9071, 9072, 9073];

type TemplateSpec = PodTemplate['spec'];

/** Argument and declared port, as Rook has them. */
export function portMoved(workload: StoredWorkload, port: number): StoredWorkload {
  return withSidecar(workload, (sidecar) => ({
    ...withArgument(sidecar, port),
    ports: [{ containerPort: port, protocol: 'TCP' }],
  }));
}

/** Not where a port is declared that is nobody's by the layout: once no argument names it, it is not the sidecar's any more. */
export function argumentMoved(workload: StoredWorkload, port: number): StoredWorkload {
  return withSidecar(workload, (sidecar) => {
    const isLayouts = (sidecar.ports ?? []).every(({ containerPort }) => LAYOUT_PORTS.includes(containerPort));
    return isLayouts ? withArgument(sidecar, port) : sidecar;
  });
}

/** Declared ports are merged by number, so that an apply by hand adds one. */
export function leftoverDeclared(workload: StoredWorkload, port: number): StoredWorkload {
  return withSidecar(workload, (sidecar) => {
    const declared = (sidecar.ports ?? []).filter(({ containerPort }) => containerPort !== port);
    return { ...sidecar, ports: [{ containerPort: port, protocol: 'TCP' }, ...declared] };
  });
}

export function imageSet(workload: StoredWorkload): StoredWorkload {
  return withSpec(workload, ({ containers, ...spec }) => ({
    ...spec,
    containers: containers.map((container, index) =>
      index === 0 ? { ...container, image: `${container.image ?? ''}-1` } : container,
    ),
  }));
}

/** In the sidecar's place, with a port and as many arguments: what is named by its place alone would be another's. */
export function containerInserted(workload: StoredWorkload): StoredWorkload {
  return withSpec(workload, ({ containers, ...spec }) => {
    const at = containers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
    const args = (containers[at]?.args ?? []).map((_argument, index) => `--proxy-option-${index}`);
    const port = 15_000 + 100 * WORKLOADS.indexOf(workload.metadata.name) + containers.length;
    const ports = [{ containerPort: port, protocol: 'TCP' }];
    const injected = { name: `proxy-${containers.length}`, image: 'mesh/proxy:v1', args, ports };
    return { ...spec, containers: containers.toSpliced(Math.max(at, 0), 0, injected) };
  });
}

/** A container that takes a port which a sidecar may have. */
export function portTaken(workload: StoredWorkload, port: number): StoredWorkload {
  return withSpec(workload, ({ containers, ...spec }) => {
    const others = containers.filter(({ name }) => name !== 'exporter');
    const ports = [{ containerPort: port, protocol: 'TCP' }];
    return { ...spec, containers: [...others, { name: 'exporter', image: 'exporter:v1', ports }] };
  });
}

export function hostNetworkSwitched(workload: StoredWorkload): StoredWorkload {
  return withSpec(workload, ({ hostNetwork, ...spec }) => ({
    ...spec,
    ...(hostNetwork === true ? {} : { hostNetwork: true }),
  }));
}

function withArgument(sidecar: Container, port: number): Container {
  const args = (sidecar.args ?? []).map((argument) =>
    argument.startsWith('--controller-port=') ? `--controller-port=${port}` : argument,
  );
  return { ...sidecar, args };
}

function withSidecar(workload: StoredWorkload, edit: (sidecar: Container) => Container): StoredWorkload {
  return withSpec(workload, ({ containers, ...spec }) => ({
    ...spec,
    containers: containers.map((container) => (container.name === SIDECAR_CONTAINER ? edit(container) : container)),
  }));
}

function withSpec(workload: StoredWorkload, edit: (spec: TemplateSpec) => TemplateSpec): StoredWorkload {
  const { template } = workload.spec;
  return { ...workload, spec: { ...workload.spec, template: { ...template, spec: edit(template.spec) } } };
}
