/** What a shell makes of commands: the words that a program gets. Nothing is run but the shell itself. */
import { execFileSync } from 'node:child_process';

/** One call of kubectl. */
export interface Call {
  readonly words: readonly string[];
}

/** @param script in which kubectl is called */
export function callsIn(script: string): Call[] {
  const output = execFileSync('/bin/sh', ['-s'], {
    input: `kubectl() { printf '%s\\0' "$@"; printf '\\0'; }\n${script}\n`,
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
  });
  return output
    .split('\0\0')
    .filter((call) => call !== '')
    .map((call) => ({ words: call.split('\0') }));
}
