/** What to do, one step after the other: of a message its prose and its commands apart, so that these can be copied. */

export interface Step {
  readonly text: string;
  /** For a POSIX shell, on one line. */
  readonly command?: string;
}

/** Where a command of a message ends: what follows is prose again. */
const COMMAND = /kubectl (?:'[^']*'|[^;'])*?(?=;|, or: |, and so |,? or kubectl | \(| has the reason|\.?$)/g;
const HAS_THE_REASON = ' has the reason';
const JOINTS = /^(?:[;,.\s]|or: |or )+|[\s;,]+$/g;

/** The message of a condition as steps. Prose behind the last command is a step of its own. */
export function stepsOf(message: string): Step[] {
  const steps: Step[] = [];
  let from = 0;
  for (const found of message.matchAll(COMMAND)) {
    const text = trim(message.slice(from, found.index)).replace(/\b[Rr]un:$/, 'Run:');
    const end = found.index + found[0].length;
    const isReason = message.startsWith(HAS_THE_REASON, end);
    steps.push({ text: isReason ? `${text}, this has the reason:` : text, command: found[0] });
    from = isReason ? end + HAS_THE_REASON.length : end;
  }
  const rest = trim(message.slice(from));
  return rest === '' ? steps : [...steps, { text: rest }];
}

function trim(text: string): string {
  return text.replaceAll(JOINTS, '');
}
