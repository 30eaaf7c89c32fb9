import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEGRADED_REASONS, EVENT_REASONS, PROGRESSING_REASONS, READY_REASONS } from '../../../src/domain/reasons.js';
import packageJson from '../../../package.json' with { type: 'json' };
import { KUBERNETES_VERSION, pinnedKubernetesVersion } from '../../support/control-plane/kubernetes-version.js';

const status = readFileSync('docs/status.md', 'utf8');
const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((page) =>
  page.endsWith('.md'),
);

/** First column of the table under a heading. */
function firstColumn(heading: string): string[] {
  const section = status.split(/^## /m).find((candidate) => candidate.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]!);
}

describe('docs/status.md', () => {
  it.each([
    ['Ready', READY_REASONS],
    ['Progressing', PROGRESSING_REASONS],
    ['Degraded', DEGRADED_REASONS],
    ['Events', EVENT_REASONS],
  ])('has a row for each reason of %s and no other', (heading, reasons) => {
    expect(firstColumn(heading).sort()).toEqual(Object.keys(reasons).sort());
  });

  it('has a row for each state that the CRD allows', () => {
    const crd = readFileSync('crds/csiportassignments.yaml', 'utf8');
    const states = /enum: \[(Absent[^\]]*)\]/.exec(crd)![1]!.split(', ');
    expect(firstColumn('States of a workload').sort()).toEqual(states.sort());
  });
});

describe('the docs', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
  });

  it('name a reason for every dependency', () => {
    const reasons = readFileSync('docs/decisions.md', 'utf8');
    const listed = [...reasons.matchAll(/^\| (.+?) \|/gm)].flatMap((match) =>
      match[1]!.replaceAll(/ \(.*?\)/g, '').split(', '),
    );
    const names = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.devDependencies)];
    const missing = names.filter((name) => !name.startsWith('@types/') && !listed.includes(name));
    expect(missing).toEqual([]);
  });

  it('README is a page, not a book', () =>
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThan(150));
});

it('the Kubernetes version of the control plane is the one that its go.mod pins', async () => {
  expect(await pinnedKubernetesVersion()).toBe(KUBERNETES_VERSION);
});
