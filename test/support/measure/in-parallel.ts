/** How many of the harness's writers write at once. */
export const WRITERS = 8;

/** Runs the tasks, so many at a time, in their order. Answers what they answered, in the same order. */
export async function inParallel<T>(workers: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const pending = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [index, task] of pending) results[index] = await task();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}
