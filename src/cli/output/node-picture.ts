/** The nodes with who sits on which port, what collides, and who waits. Nodes with the same occupants are one line. */
import { STAND_IN_NODE } from '../sources/stand-in-pods.js';
import type { NodeGroup, Occupancy, PortOccupants, Unscheduled } from '../commands/occupancy.js';
import { describeHolder } from '../../domain/report/held-ports.js';
import { INDENT, type Layout } from './layout.js';
import { shorten } from './width.js';

/** Further nodes are counted. */
const MAX_GROUPS = 6;
const COLLIDES = '✗';

interface Line {
  readonly text: string;
  readonly isBad: boolean;
}

/** @param own namespace, which is not named */
export function nodePicture({ groups, unscheduled }: Occupancy, own: string, layout: Layout): string[] {
  if (groups.length === 0 && unscheduled.length === 0) return [`${INDENT}no pod has one of these ports`];
  const shown = layout.isWide ? groups : groups.slice(0, MAX_GROUPS);
  const left = groups.slice(shown.length).reduce((sum, { nodes }) => sum + nodes.length, 0);
  return [
    ...shown.flatMap((group) => nodeGroup(group, own, layout)),
    ...(left === 0 ? [] : [`${INDENT}and ${left} more ${left === 1 ? 'node' : 'nodes'}: -o wide shows all`]),
    ...notScheduled(unscheduled, own, layout),
  ];
}

/** As "node-1", "node-1, node-2" or "node-1 .. node-3 (3 nodes)". */
export function nodeNames(nodes: readonly string[]): string {
  const [first = '', second = ''] = nodes;
  if (first === STAND_IN_NODE) return 'any node, by the pod templates alone';
  const last = nodes.at(-1) ?? '';
  if (nodes.length <= 2) return nodes.join(', ');
  return areConsecutive(nodes)
    ? `${first} .. ${last} (${nodes.length} nodes)`
    : `${first}, ${second} and ${nodes.length - 2} more (${nodes.length} nodes)`;
}

/** Whether they differ by a number at the end, each by one. */
function areConsecutive(nodes: readonly string[]): boolean {
  const [first = ''] = nodes;
  const [, stem = '', digits = ''] = /^(.*?)(\d{1,9})$/.exec(first) ?? [];
  if (digits === '') return false;
  return nodes.every((name, at) => {
    const number = String(Number(digits) + at);
    return name === `${stem}${number.padStart(digits.startsWith('0') ? digits.length : 0, '0')}`;
  });
}

function nodeGroup({ nodes, ports }: NodeGroup, own: string, layout: Layout): string[] {
  return [
    shorten(`${INDENT}${nodeNames(nodes)}`, layout.width),
    ...tree(
      ports.flatMap((occupants) => [occupantLines(occupants, own)]),
      layout,
    ),
  ];
}

function occupantLines({ port, holders, waiting, collides }: PortOccupants, own: string): Line[] {
  const names = [
    ...holders.map((holder) => describeHolder(holder, own)),
    ...waiting.map((holder) => `${describeHolder(holder, own)} waits for it`),
  ];
  return names.map((name, at) => ({
    text: `${at === 0 ? String(port) : ' '.repeat(String(port).length)} ${collides ? COLLIDES : ' '} ${name}`,
    isBad: collides,
  }));
}

function notScheduled(unscheduled: readonly Unscheduled[], own: string, layout: Layout): string[] {
  if (unscheduled.length === 0) return [];
  const rows = unscheduled.map(({ port, holder, pods, lacksPort }): Line[] => {
    const count = `${pods} ${pods === 1 ? 'pod' : 'pods'}`;
    const verb = pods === 1 ? 'finds' : 'find';
    const what = lacksPort ? `${count} ${verb} no node with the port free` : count;
    return [
      { text: `${port} ${lacksPort ? COLLIDES : ' '} ${describeHolder(holder, own)}: ${what}`, isBad: lacksPort },
    ];
  });
  return [`${INDENT}not scheduled`, ...tree(rows, layout)];
}

/** One branch for each port. */
function tree(branches: readonly (readonly Line[])[], { width, palette }: Layout): string[] {
  return branches.flatMap((lines, at) => {
    const isLast = at === branches.length - 1;
    return lines.map(({ text, isBad }, row) => {
      const twig = row > 0 ? (isLast ? '   ' : '│  ') : isLast ? '└─ ' : '├─ ';
      const fitted = shorten(text, width - INDENT.length - twig.length);
      return `${INDENT}${palette.faint(twig)}${isBad ? palette.bad(fitted) : fitted}`;
    });
  });
}
