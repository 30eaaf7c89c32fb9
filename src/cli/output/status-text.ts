/** StatusReport as text: each assignment with its conditions in words, its ports, and what to do. */
import type { DiagnosedAssignment, DiagnosedCondition, StatusReport } from '../commands/status.js';
import {
  gapsText,
  picture,
  rookTitle,
  sourceText,
  styleOf,
  verdictWord,
  whatToDo,
  workloadTable,
} from './check-text.js';
import type { Palette, Style } from './colour.js';
import { INDENT, answer, heading, paragraph, parts, steps, type Layout } from './layout.js';

export function statusText(report: StatusReport, layout: Layout): string[] {
  const { assignments, verdict, summary, unassigned, gaps, source } = report;
  const word = assignments.length === 0 && verdict === 'NoRook' ? 'nothing assigned' : verdictWord(verdict);
  return parts(
    answer(word, summary, layout, styleOf(verdict, layout.palette)),
    ...assignments.map((assignment) => assignmentText(assignment, assignments.length > 1, layout)),
    unassignedText(unassigned, layout),
    gapsText(gaps, layout),
    sourceText(source, layout),
  );
}

function assignmentText(assignment: DiagnosedAssignment, isOneOfSeveral: boolean, layout: Layout): string[] {
  const { verdict, summary, conditions, operatorNote } = assignment;
  const { palette } = layout;
  return parts(
    [
      ...heading(rookTitle(assignment), layout),
      ...(isOneOfSeveral ? answer(verdictWord(verdict), summary, layout, styleOf(verdict, palette)) : []),
      ...(operatorNote === undefined ? [] : answer('operator', operatorNote, layout, palette.warning)),
    ],
    conditions.flatMap((condition) => conditionText(condition, layout)),
    workloadTable(assignment, layout),
    ...(verdict === 'NoConflict' && !layout.isWide ? [] : picture(assignment, layout)),
    ...whatToDo(assignment, layout),
  );
}

/** What it says where it is well is the same everywhere, and told in the wide output alone. */
function conditionText(condition: DiagnosedCondition, layout: Layout): string[] {
  const { type, status, reason, message, since, meaning, whatToDo: remedy } = condition;
  const style = conditionStyle(condition, layout.palette);
  const when = since === undefined ? ' (not written by the operator yet)' : ` since ${since}`;
  const title = `${style(`${type} ${status}`)} ${reason}${layout.palette.faint(when)}`;
  const isWell = style === layout.palette.good;
  const indent = INDENT + INDENT;
  return [
    `${INDENT}${title}`,
    ...paragraph(message, layout, { indent }),
    ...(isWell && !layout.isWide ? [] : explanation(meaning, remedy, layout, indent)),
  ];
}

function explanation(meaning = '', remedy = '', layout: Layout, indent: string): string[] {
  const style = layout.palette.faint;
  const lines = [meaning === '' ? '' : `It means: ${meaning}.`, remedy === '' ? '' : `What to do: ${remedy}.`];
  return lines.flatMap((line) => paragraph(line, layout, { indent, style }));
}

function conditionStyle({ type, status }: DiagnosedCondition, { good, bad, warning }: Palette): Style {
  if (type === 'Progressing') return status === 'False' ? good : warning;
  if (status === 'Unknown') return warning;
  return (status === 'True') === (type === 'Ready') ? good : bad;
}

function unassignedText(unassigned: readonly string[], layout: Layout): string[] {
  if (unassigned.length === 0) return [];
  const text = `without a CSIPortAssignment: the Rook in ${unassigned.join(', ')}. To see how it stands:`;
  return steps([{ text, command: 'kubectl csiports check' }], layout, '');
}
