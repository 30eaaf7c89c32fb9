/** Runs a property in batches, and tells of a run that fails so that it can be read and run again. */
import fc from 'fast-check';

/** How many interleavings, all test files together: vitest.config.ts has the default, and makes the time limit from it. */
export const RUNS = Number(process.env.MODEL_RUNS);
/** The same each time where no other is given: what a change breaks is to be told from what chance has found. */
const SEED = Number(process.env.MODEL_SEED ?? 1);
const PATH = process.env.MODEL_PATH;
const BATCH = 10_000;

export interface Runs<T> {
  /** As in the test's name: by that a run that failed is found again. */
  readonly title: string;
  readonly arbitrary: fc.Arbitrary<T>;
  readonly numRuns: number;
  /** Throws where anything does not hold; what happens is added to the journal. @returns what is told of, the highest */
  readonly run: (value: T, journal?: string[]) => Promise<number>;
  readonly unit: string;
}

/** @throws Error with the shrunk run, what happened in it, and how to run it again */
export async function expectOfAll<T>({ title, arbitrary, numRuns, run, unit }: Runs<T>): Promise<void> {
  let most = 0;
  const property = fc.asyncProperty(arbitrary, async (value) => {
    most = Math.max(most, await run(value));
  });
  const all = PATH === undefined ? numRuns : 1;
  for (let done = 0; done < all; done += BATCH) {
    const seed = SEED + done;
    const batch = Math.min(BATCH, all - done);
    const details = await fc.check(property, { numRuns: batch, seed, ...(PATH === undefined ? {} : { path: PATH }) });
    if (details.failed) throw new Error(await tellOf(title, details, run));
    console.log(`${title}: ${done + batch} of ${all} runs, ${unit}: ${most} at most`);
  }
}

async function tellOf<T>(title: string, details: fc.RunDetails<[T]>, run: Runs<T>['run']): Promise<string> {
  const { seed, counterexample, counterexamplePath, numShrinks } = details;
  const journal: string[] = [];
  const again = counterexample === null ? undefined : await run(counterexample[0], journal).catch(messageOf);
  const lines = journal.map((line, index) => `${String(index + 1).padStart(4)}  ${line}`);
  return [
    typeof again === 'string' ? again : `it did not fail again: ${messageOf(details.errorInstance)}`,
    `Shrunk ${numShrinks} times. Again:`,
    `  MODEL_SEED=${seed} MODEL_PATH=${counterexamplePath ?? ''} npm run model -- -t '${title}'`,
    ...lines,
  ].join('\n');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
