/** How the plugin ends. Scripts depend on these numbers. */
export const EXIT_CODES = { noConflict: 0, conflict: 1, usage: 2, cannotTell: 3 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** A command that was called wrongly: its message is one line for stderr, and the plugin exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
