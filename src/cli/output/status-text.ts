/** StatusReport as text: each assignment with its conditions in words, its ports, and what to do. */
import { stepsOf, type Step } from '../commands/steps.js';
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
    conditions.flatMap((condition, at) => conditionText(condition, conditions.slice(0, at), layout)),
    workloadTable(assignment, layout),
    verdict === 'NoConflict' && !layout.isWide ? [] : picture(assignment, layout),
    ...whatToDo({ ...assignment, nextSteps: stepsLeft(assignment) }, layout),
  );
}

/** Those that no message of a condition has. */
function stepsLeft({ nextSteps, conditions }: DiagnosedAssignment): Step[] {
  return nextSteps.filter((step) => !conditions.some(({ message }) => message.includes(step.command ?? step.text)));
}

/** What a reason means is told where something is not well; in the wide output always. */
function conditionText(condition: DiagnosedCondition, before: readonly DiagnosedCondition[], layout: Layout): string[] {
  const { type, status, reason, message, since, meaning, whatToDo: remedy } = condition;
  const style = isWell(condition) ? layout.palette.good : troubleStyle(condition, layout.palette);
  const when = since === undefined ? '' : ` since ${since}`;
  const indent = INDENT + INDENT;
  const title = `${INDENT}${style(`${type} ${status}`)} ${reason}${layout.palette.faint(when)}`;
  const same = before.find((other) => other.message === message);
  if (same !== undefined) return [title, ...paragraph(`as ${same.type} says`, layout, { indent })];
  return [
    title,
    ...stepsOf(message).flatMap((step) => steps([step], layout, indent)),
    ...(isWell(condition) && !layout.isWide ? [] : explanation(meaning, remedy, layout, indent)),
  ];
}

function isWell({ type, status }: DiagnosedCondition): boolean {
  return status === (type === 'Ready' ? 'True' : 'False');
}

/** Something that moves is no trouble yet. */
function troubleStyle({ type, status }: DiagnosedCondition, { bad, warning }: Palette): Style {
  return type === 'Progressing' || status === 'Unknown' ? warning : bad;
}

function explanation(meaning = '', remedy = '', layout: Layout, indent: string): string[] {
  const style = layout.palette.faint;
  const lines = [meaning === '' ? '' : `It means: ${meaning}.`, remedy === '' ? '' : `What to do: ${remedy}.`];
  return lines.flatMap((line) => paragraph(line, layout, { indent, style }));
}

function unassignedText(unassigned: readonly string[], layout: Layout): string[] {
  if (unassigned.length === 0) return [];
  const text = `without a CSIPortAssignment: the Rook in ${unassigned.join(', ')}. To see how it stands:`;
  return steps([{ text, command: 'kubectl csiports check' }], layout, '');
}
