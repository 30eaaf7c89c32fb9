/** PlanReport as text: a diff of each workload, Rook's keys, the Helm values, and the commands for those who run no operator. */
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import type { HelmValues } from '../commands/helm-values.js';
import type { Phase } from '../commands/plan-commands.js';
import type { DiffLine, Hunk } from '../commands/plan-diff.js';
import {
  noteSteps,
  type PlannedKey,
  type PlannedRook,
  type PlannedWorkload,
  type PlanReport,
} from '../commands/plan.js';
import { gapsText, rookTitle, sourceText } from './check-text.js';
import type { Palette } from './colour.js';
import { INDENT, command, heading, paragraph, parts, steps, type Layout } from './layout.js';
import { wrap, wrapHanging } from './width.js';

export function planText({ summary, isCertain, rooks, gaps, source }: PlanReport, layout: Layout): string[] {
  const { warning } = layout.palette;
  return parts(
    wrapHanging(summary, layout.width, INDENT).map((line) => (isCertain ? line : warning(line))),
    ...rooks.map((rook) => rookText(rook, layout)),
    gapsText(gaps, layout),
    sourceText(source, layout),
  );
}

function rookText(rook: PlannedRook, layout: Layout): string[] {
  const { workloads, keys, helm, byHand, withOperator, notes } = rook;
  const isIdle = workloads.length === 0 && keys.length === 0;
  return parts(
    heading(rookTitle(rook), layout),
    isIdle ? [`${INDENT}nothing to write`] : [],
    ...workloads.map((workload) => workloadText(workload, layout)),
    keysText(keys, layout),
    section('Notes', steps(noteSteps(notes), layout), layout),
    helmText(helm, layout),
    section('With the operator', steps(withOperator, layout), layout),
    section('Without the operator, in this order', byHandText(byHand, layout), layout),
  );
}

function section(title: string, lines: readonly string[], layout: Layout): string[] {
  return lines.length === 0 ? [] : [...heading(title, layout), ...lines];
}

function workloadText({ kind, name, from, to, restarts, hunks }: PlannedWorkload, layout: Layout): string[] {
  const { palette } = layout;
  const title = `${kind} ${name}: port ${from ?? 'none'} -> ${to}; restarts ${restarts}`;
  return [...paragraph(title, layout, { style: palette.heading }), ...hunks.flatMap((hunk) => hunkText(hunk, layout))];
}

function hunkText({ of, lines }: Hunk, layout: Layout): string[] {
  const { palette } = layout;
  return [
    `${INDENT}${palette.faint(`@@ container csi-addons, ${of} @@`)}`,
    ...lines.flatMap((line) => diffLine(line, layout)),
  ];
}

/** What is too long for one line goes on behind the same sign. */
function diffLine({ sign, text }: DiffLine, { palette, width }: Layout): string[] {
  const style = styleOf(sign, palette);
  return wrap(text, width - INDENT.length - 2).map((line) => `${INDENT}${style(`${sign} ${line}`)}`);
}

function styleOf(sign: DiffLine['sign'], { good, bad, faint }: Palette): Palette['good'] {
  return { '-': bad, '+': good, ' ': faint }[sign];
}

function keysText(keys: readonly PlannedKey[], layout: Layout): string[] {
  if (keys.length === 0) return [];
  const lines = keys.flatMap(({ key, from, to }): DiffLine[] => [
    ...(from === undefined ? [] : [{ sign: '-' as const, text: `${key}: ${JSON.stringify(from)}` }]),
    { sign: '+', text: `${key}: ${JSON.stringify(to)}` },
  ]);
  return [
    ...paragraph(`ConfigMap ${ROOK_CONFIG_NAME}: the keys that have Rook render these ports`, layout, {
      style: layout.palette.heading,
    }),
    ...lines.flatMap((line) => diffLine(line, layout)),
  ];
}

function helmText({ values, note }: HelmValues, layout: Layout): string[] {
  const paths = Object.entries(values);
  if (paths.length === 0 && note === undefined) return [];
  const lines = paths.map(([path, port]) => `${INDENT}${INDENT}${path.replace(/^csi\./, '')}: ${port}`);
  return [
    ...heading('For good, if Rook is installed by Helm: values of the chart rook-ceph', layout),
    ...(lines.length === 0 ? [] : [`${INDENT}csi:`, ...lines]),
    ...(note === undefined ? [] : paragraph(note, layout, { indent: INDENT })),
  ];
}

function byHandText(phases: readonly Phase[], layout: Layout): string[] {
  return phases.flatMap(({ text, commands }, at) => {
    const mark = commands.length === 0 ? '' : `${at + 1}. `;
    const inner = INDENT + ' '.repeat(mark.length);
    const prose = wrap(text, layout.width - inner.length);
    return [
      ...prose.map((line, row) => `${row === 0 ? `${INDENT}${mark}` : inner}${line}`),
      ...commands.flatMap((line) => command(line, layout, `${inner}${INDENT}`)),
    ];
  });
}
