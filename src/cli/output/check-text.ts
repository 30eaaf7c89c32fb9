/** CheckReport as text: the answer first, then each Rook with its ports, its nodes, and what to do. */
import type { Gap } from '../survey.js';
import type { CheckedRook, CheckedWorkload, CheckReport } from '../commands/check.js';
import { describeGap } from '../commands/gaps.js';
import { stepsOf } from '../commands/steps.js';
import { isConflict, type Verdict } from '../commands/verdict.js';
import type { Palette, Style } from './colour.js';
import { INDENT, answer, heading, paragraph, parts, sentence, steps, type Layout } from './layout.js';
import { nodePicture } from './node-picture.js';
import { table, type Cell, type Column } from './table.js';

const WORDS: Readonly<Record<Verdict, string>> = {
  Held: 'port in use',
  Conflict: 'conflict',
  Waiting: 'conflict',
  Differs: 'ports differ',
  CannotTell: 'cannot tell',
  Stuck: 'no conflict, but stuck',
  Moving: 'no conflict',
  NoConflict: 'no conflict',
  NoRook: 'no Rook',
};

export function checkText(report: CheckReport, layout: Layout): string[] {
  const { rooks, verdict, summary, gaps, source } = report;
  return parts(
    answer(WORDS[verdict], summary, layout, styleOf(verdict, layout.palette)),
    ...rooks.map((rook) => rookText(rook, rooks.length > 1, layout)),
    gapsText(gaps, layout),
    sourceText(source, layout),
  );
}

export function styleOf(verdict: Verdict, { good, bad, warning }: Palette): Style {
  if (isConflict(verdict)) return bad;
  return verdict === 'NoConflict' || verdict === 'Moving' ? good : warning;
}

export function verdictWord(verdict: Verdict): string {
  return WORDS[verdict];
}

/** @param isOneOfSeveral its own answer is repeated then */
function rookText(rook: CheckedRook, isOneOfSeveral: boolean, layout: Layout): string[] {
  const { verdict, summary } = rook;
  return parts(
    [
      ...heading(rookTitle(rook), layout),
      ...(isOneOfSeveral ? answer(WORDS[verdict], summary, layout, styleOf(verdict, layout.palette)) : []),
    ],
    workloadTable(rook, layout),
    picture(rook, layout),
    ...whatToDo(rook, layout),
  );
}

export function rookTitle({ namespace, rookVersion, provider, mode }: RookHead): string {
  const version = rookVersion === undefined ? '' : ` ${rookVersion}`;
  const who = {
    Rook: `Rook${version}`,
    CephCSIOperator: `Rook${version} with ceph-csi-operator`,
    Mixed: `Rook${version} and ceph-csi-operator`,
    None: 'no CSI workloads',
  }[provider];
  return `${namespace}: ${who}, ${mode === undefined ? 'no CSIPortAssignment' : `CSIPortAssignment (${mode})`}`;
}

type RookHead = Pick<CheckedRook, 'namespace' | 'rookVersion' | 'provider' | 'mode'>;

export function workloadTable({ workloads, mode }: CheckedRook, layout: Layout): string[] {
  const { palette, tableWidth: width, isWide } = layout;
  const columns: Column[] = [
    { title: 'WORKLOAD' },
    ...(isWide ? [{ title: 'SLOT' }] : []),
    { title: 'PORT NOW' },
    { title: mode === undefined ? 'TO ASSIGN' : 'ASSIGNED' },
    { title: 'HOST NETWORK' },
    { title: 'STATE' },
  ];
  const present = workloads.filter(({ state }) => isWide || state !== 'Absent');
  const rows = present.map((row): Cell[] => [
    `${row.kind} ${row.name}`,
    ...(isWide ? [row.slot] : []),
    portNow(row, palette),
    String(row.assignedPort ?? '-'),
    row.hostNetwork ? 'yes' : 'no',
    stateCell(row, palette),
  ]);
  return table(columns, rows, { palette, width, indent: INDENT });
}

function portNow({ currentPort, collides }: CheckedWorkload, { bad }: Palette): Cell {
  const port = String(currentPort ?? '-');
  return collides ? { text: `${port} ✗`, style: bad } : port;
}

const WELL = new Set(['Ready', 'PodNetwork', 'NoSidecar', 'UpstreamManaged', 'Absent']);

function stateCell({ state }: CheckedWorkload, { good, bad, warning }: Palette): Cell {
  if (state === 'Ready') return { text: state, style: good };
  if (WELL.has(state)) return state;
  return { text: state, style: state === 'RollingOut' || state === 'Drifted' ? warning : bad };
}

/** None where nothing is on the host network. */
export function picture({ occupancy, namespace, workloads }: CheckedRook, layout: Layout): string[] {
  const isOnHost = workloads.some(({ hostNetwork }) => hostNetwork);
  if (occupancy === undefined) {
    return isOnHost ? paragraph('the pods on the host network are not known, so no nodes are shown', layout) : [];
  }
  const isEmpty = occupancy.groups.length === 0 && occupancy.unscheduled.length === 0;
  if (isEmpty && !isOnHost) return [];
  return [...heading('Nodes and host ports', layout), ...nodePicture(occupancy, namespace, layout)];
}

export function whatToDo({ nextSteps, advice, findings }: CheckedRook, layout: Layout): string[][] {
  const isMovable = findings.some(({ reason }) => reason === 'PortConflict');
  const isAdvised = advice !== undefined && (isMovable || layout.isWide);
  return [
    nextSteps.length === 0 ? [] : [...heading('What to do', layout), ...steps(nextSteps, layout)],
    isAdvised ? [...heading('For good', layout), ...paragraph(advice, layout, { indent: INDENT })] : [],
  ];
}

/** What was not read, each with its remedy. */
export function gapsText(gaps: readonly Gap[], layout: Layout): string[] {
  if (gaps.length === 0) return [];
  const list = gaps.flatMap((gap) => {
    const remedies = gap.remedy === undefined ? [] : stepsOf(gap.remedy);
    const [first = { text: '' }, ...more] = remedies;
    const text = `${describeGap(gap)}${first.text === '' ? '' : `. ${sentence(first.text)}`}`;
    return [{ ...first, text }, ...more];
  });
  return [...heading('Not read', layout), ...steps(list, layout)];
}

export function sourceText(source: string, layout: Layout): string[] {
  return paragraph(`read from: ${source}`, layout, { style: layout.palette.faint });
}
