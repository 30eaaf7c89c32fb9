/** explain: what a reason of a condition or of an event means, and what to do. */
import type { ConditionType } from '../../domain/rules/api.js';
import { CONDITION_EXPLANATIONS, EVENT_EXPLANATIONS, explanationOf } from '../../domain/report/explanations.js';
import { UsageError } from '../exit-codes.js';
import { head, type DocumentHead } from './document-head.js';
import { nearNames } from './near-names.js';

/** Where a reason is seen, and what it says there. */
export type Sighting =
  | {
      readonly on: ConditionType;
      readonly status: 'True' | 'False';
      readonly meaning: string;
      readonly whatToDo: string;
    }
  | { readonly on: 'Event'; readonly type: 'Normal' | 'Warning'; readonly meaning: string };

export interface ExplainedReason {
  readonly reason: string;
  readonly sightings: readonly Sighting[];
}

export interface Explanation extends DocumentHead<'Explanation'> {
  readonly reasons: readonly ExplainedReason[];
}

/**
 * @param reason in any case; all of them if absent
 * @throws UsageError if there is no such reason; it names those that are near
 */
export function explain(reason?: string): Explanation {
  const names = allReasons();
  if (reason === undefined) return { ...head('Explanation'), reasons: names.map(explainReason) };
  const found = names.find((name) => name.toLowerCase() === reason.toLowerCase());
  if (found === undefined) throw new UsageError(unknownReason(reason, names));
  return { ...head('Explanation'), reasons: [explainReason(found)] };
}

/** Those of Ready first, each once. */
function allReasons(): string[] {
  const ofConditions = Object.values(CONDITION_EXPLANATIONS).flatMap((rows) => Object.keys(rows));
  return [...new Set([...ofConditions, ...Object.keys(EVENT_EXPLANATIONS)])];
}

function explainReason(reason: string): ExplainedReason {
  const types = Object.keys(CONDITION_EXPLANATIONS) as ConditionType[];
  const ofConditions = types.flatMap((on): Sighting[] => {
    const row = explanationOf(on, reason);
    if (row === undefined) return [];
    const { status, meaning, whatToDo } = row;
    return [{ on, status, meaning: unquoted(meaning), whatToDo: unquoted(whatToDo) }];
  });
  const event = Object.entries(EVENT_EXPLANATIONS).find(([name]) => name === reason)?.[1];
  const ofEvents: Sighting[] =
    event === undefined ? [] : [{ on: 'Event', type: event.type, meaning: unquoted(event.when) }];
  return { reason, sightings: [...ofConditions, ...ofEvents] };
}

/** Backquotes are for the docs page. */
export function unquoted(text: string): string {
  return text.replaceAll('`', '');
}

function unknownReason(reason: string, names: readonly string[]): string {
  const near = nearNames(reason, names);
  const hint = near.length === 0 ? 'kubectl csiports explain lists all' : `did you mean ${near.join(' or ')}?`;
  return `there is no reason ${JSON.stringify(reason.slice(0, 60))}: ${hint}`;
}
