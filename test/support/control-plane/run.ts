import { execFile } from 'node:child_process';

/**
 * Longer than any program takes here, and shorter than a test may last: one that waits in vain is ended and named, and does
 * not go on into the next test.
 */
const PROGRAM_TIMEOUT_MS = 120_000;

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin?: string | undefined;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws Error with what it said, where it fails or does not end */
export function run(program: string, args: readonly string[], { env, stdin = '' }: RunOptions): Promise<Output> {
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 2 ** 28, timeout: PROGRAM_TIMEOUT_MS };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ stdout, stderr });
        return;
      }
      const lastError = error.killed === true ? `did not end within ${PROGRAM_TIMEOUT_MS / 1000} s` : 'failed';
      const said = error.killed === true ? (stdout + stderr).trim() : stderr.trim();
      reject(new Error(`${program.split('/').at(-1)!} ${args.join(' ')} ${lastError}: ${said || error.message}`));
    });
    // It may end without reading its input; its exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}
