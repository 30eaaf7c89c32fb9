/** What the last stage of the Dockerfile says of the containers, with the build arguments filled in. */
import type { ImageConfig } from './docker-archive.js';
import type { Stage } from './dockerfile.js';
import { BASE_ENVIRONMENT } from './root-folder.js';

export type BuildArguments = Readonly<Record<string, string>>;

/** @throws where the Dockerfile uses a variable that no ARG of the stage declares: Docker would leave it empty */
export function imageConfig(stage: Stage, given: BuildArguments): ImageConfig {
  const declared = Object.entries(stage.pairs('ARG')).map(([name, value]) => [name, given[name] ?? value]);
  const variables = Object.fromEntries(declared) as Record<string, string>;
  const filled = (pairs: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name, fillIn(value, variables)]));
  return {
    entrypoint: stage.entrypoint,
    env: { ...BASE_ENVIRONMENT, ...filled(stage.pairs('ENV')) },
    user: stage.last('USER')!,
    workingDir: stage.last('WORKDIR')!,
    labels: filled(stage.pairs('LABEL')),
  };
}

function fillIn(value: string, variables: BuildArguments): string {
  return value.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, plain?: string) => {
    const name = braced ?? plain!;
    const found = variables[name];
    if (found === undefined) throw new Error(`The Dockerfile uses $${name}, and its last stage has no ARG ${name}.`);
    return found;
  });
}

/** @param words each NAME=VALUE, as `docker build --build-arg` takes them */
export function parseBuildArguments(words: readonly string[]): BuildArguments {
  return Object.fromEntries(
    words.map((word) => /^([^=]+)=([^]*)$/.exec(word)?.slice(1) ?? [word, '']) as [string, string][],
  );
}
