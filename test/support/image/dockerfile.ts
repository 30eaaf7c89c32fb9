/** Reads the Dockerfile: what its last stage is made of, and what it takes from the build context. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../../..');

export interface Instruction {
  readonly keyword: string;
  /** The rest of the line, with continued lines joined. */
  readonly value: string;
}

export interface Copy {
  /** Name of the stage that is copied from; undefined is the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly destination: string;
}

export class Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];

  constructor(from: string, instructions: readonly Instruction[]) {
    const [, image, name] = /^(?:--\S+ )*(\S+)(?: AS (\S+))?$/.exec(from)!;
    this.image = image!;
    this.name = name;
    this.instructions = instructions;
  }

  all(keyword: string): string[] {
    return this.instructions.filter((instruction) => instruction.keyword === keyword).map(({ value }) => value);
  }

  /** Of an instruction of which the last one counts. */
  last(keyword: string): string | undefined {
    return this.all(keyword).at(-1);
  }

  get copies(): Copy[] {
    return this.all('COPY').map((value) => {
      const [, from, paths] = /^(?:--from=(\S+) )?(.*)$/.exec(value)!;
      const words = paths!.split(/ +/);
      return { from, sources: words.slice(0, -1), destination: words.at(-1)! };
    });
  }

  /** Of ENV, LABEL or ARG; quotes are taken off, ${variables} stay. */
  pairs(keyword: string): Record<string, string> {
    const found = this.all(keyword).flatMap((value) => [...value.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)]);
    return Object.fromEntries(found.map(([, name, quoted, plain]) => [name!, quoted ?? plain!]));
  }

  /** @throws where it is no JSON: Docker would then start a shell */
  get entrypoint(): string[] {
    return JSON.parse(this.last('ENTRYPOINT') ?? '') as string[];
  }
}

export function readDockerfile(): Stage[] {
  const text = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8');
  const lines = text.replaceAll(/^#.*\n/gm, '').replaceAll(/\s*\\\n\s*/g, ' ');
  const instructions = lines.split('\n').flatMap((line) => {
    const [, keyword, value] = /^(\w+) +(.*)$/.exec(line.trim()) ?? [];
    return keyword === undefined ? [] : [{ keyword, value: value! }];
  });
  const starts = instructions.flatMap(({ keyword }, index) => (keyword === 'FROM' ? [index] : []));
  return starts.map(
    (start, number) => new Stage(instructions[start]!.value, instructions.slice(start + 1, starts[number + 1])),
  );
}
