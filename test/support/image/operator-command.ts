/** The operator as its image starts it: entry point and environment are those of the Dockerfile and of config/manager. */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readDockerfile } from './dockerfile.js';
import { podEnvironment } from './pod-environment.js';

export interface Command {
  /** With its arguments. */
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface OperatorCommandOptions {
  /** The API server's address. */
  readonly server: string;
  /** The pod's. */
  readonly namespace: string;
  /** For a copy of Node. */
  readonly folder: string;
  /** The operator's own. */
  readonly args: readonly string[];
  /** Of Node itself, after those of the image. */
  readonly nodeArgs?: readonly string[];
  /** Of Node itself, in the place of those of the image. */
  readonly imageFlags?: readonly string[];
}

/** With dist/ in the place of the image's folder. */
export async function operatorCommand(options: OperatorCommandOptions): Promise<Command> {
  const { server, namespace, folder, args, imageFlags, nodeArgs = [] } = options;
  const stage = readDockerfile().at(-1)!;
  const words = stage.entrypoint
    .slice(1)
    .map((word) => word.replace(`${stage.last('WORKDIR')!}/`, `${resolve('dist')}/`));
  return {
    program: [await nodeIn(folder), ...(imageFlags ?? words.slice(0, -1)), ...nodeArgs, words.at(-1)!, ...args],
    env: { ...stage.pairs('ENV'), ...(await podEnvironment(server, namespace)) },
  };
}

/** A copy of this Node: of the file that the harness itself runs, half of each page would count as the harness's (Pss). */
async function nodeIn(folder: string): Promise<string> {
  const copy = join(folder, 'node');
  if (!existsSync(copy)) await copyFile(process.execPath, copy);
  return copy;
}
