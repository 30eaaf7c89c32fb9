/** What an admin has who installs from the repository: its Makefile, kustomizations of their own, and docs/admin/install.md. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ControlPlane } from './control-plane/control-plane.js';
import { run } from './control-plane/run.js';

/** With kubectl and the current context as an admin has them; resolves with all that was said. */
export async function make(controlPlane: ControlPlane, ...args: string[]): Promise<string> {
  const { kubectlPath, adminKubeconfig, directory } = controlPlane;
  const path = `${dirname(kubectlPath)}:${process.env.PATH}`;
  const { stdout, stderr } = await run('make', args, {
    env: { PATH: path, HOME: directory, KUBECONFIG: adminKubeconfig },
  });
  return stdout + stderr;
}

const PAGE = 'docs/admin/install.md';

/** What docs/admin/install.md has admins write into a file. */
export function fromDocs(pattern: RegExp): string {
  const found = pattern.exec(readFileSync(PAGE, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${PAGE} has no ${pattern.source}`);
  return found;
}

/** The arguments of the command in docs/admin/install.md that begins like this; `namespace` stands for NS. */
export function commandFromDocs(beginning: string, namespace = 'rook-ceph'): string[] {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block!);
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'));
  const command = lines.find((line) => line.startsWith(beginning));
  if (command === undefined) throw new Error(`${PAGE} has no command ${beginning}`);
  const words = command.replace(/ # .*/, '').split(' ').slice(1);
  return words.map((word) => (word === 'NS' ? namespace : word));
}

/** A kustomization of an admin's own; `content` gets the path to the repository. Resolves with its folder. */
export async function overlay(
  { directory }: ControlPlane,
  name: string,
  content: (path: string) => string,
): Promise<string> {
  const folder = join(directory, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'kustomization.yaml'), content(relative(folder, process.cwd())));
  return folder;
}
