/** Explanation as text: one reason in full, or all in short. */
import type { ExplainedReason, Explanation, Sighting } from '../commands/explain.js';
import { INDENT, heading, paragraph, parts, type Layout } from './layout.js';

export function explainText({ reasons }: Explanation, layout: Layout): string[] {
  return parts(...reasons.map((reason) => reasonText(reason, layout)));
}

function reasonText({ reason, sightings }: ExplainedReason, layout: Layout): string[] {
  return [
    ...heading(reason, layout),
    ...sightings.flatMap((sighting, at) => sightingText(sighting, sightings[at - 1], layout)),
  ];
}

/** What two conditions say alike is said once. */
function sightingText(sighting: Sighting, before: Sighting | undefined, layout: Layout): string[] {
  const isSame = sighting.meaning === before?.meaning;
  const indent = INDENT + INDENT;
  return [
    `${INDENT}${layout.palette.faint(`${placeOf(sighting)}${isSame ? ': the same' : ''}`)}`,
    ...(isSame ? [] : paragraph(`${sighting.meaning}.`, layout, { indent })),
    ...('whatToDo' in sighting && !isSame ? paragraph(`What to do: ${sighting.whatToDo}.`, layout, { indent }) : []),
  ];
}

function placeOf(sighting: Sighting): string {
  return sighting.on === 'Event' ? `event (${sighting.type})` : `condition ${sighting.on} = ${sighting.status}`;
}
