import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHART_README } from '../../../scripts/chart-page.js';
import {
  DEGRADED_REASONS,
  EVENT_REASONS,
  PROGRESSING_REASONS,
  READY_REASONS,
} from '../../../src/domain/report/reasons.js';
import packageJson from '../../../package.json' with { type: 'json' };
import { fieldSchema } from '../crd/manifests.js';
import { KUBERNETES_VERSION, pinnedKubernetesVersion } from '../../support/control-plane/kubernetes-version.js';

const status = readFileSync('docs/admin/troubleshoot.md', 'utf8');
const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name));
const pages = [...readdirSync('.'), ...inDocs, CHART_README].filter((page) => page.endsWith('.md'));

/** Without blocks of code, in which a # is no heading. */
function prose(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
}

/** As GitHub makes them of the headings. */
function anchors(page: string): string[] {
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  const slugs = headings.map((heading) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return slugs.map((slug, index) => {
    const before = slugs.slice(0, index).filter((other) => other === slug).length;
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** Whether the file, and the heading in it, are there. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path, anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path!);
  return existsSync(target) && (anchor === undefined || anchors(target).includes(anchor));
}

/** First column of the table under a heading. */
function firstColumn(heading: string): string[] {
  const section = status.split(/^##+ /m).find((candidate) => candidate.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]!);
}

/** Reasons that have a section of their own, or else a row. */
function explainedReasons(): string[] {
  const sections = [...status.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]!);
  return [...sections, ...firstColumn('Reasons that need no repair')];
}

/** Reasons in the row of a condition. */
function reasonsOf(condition: string): string[] {
  const [row] = new RegExp(`^\\| ${condition} \\|.*$`, 'm').exec(status) ?? [''];
  return [...row.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
}

describe('docs/admin/troubleshoot.md', () => {
  it.each([
    ['Ready', READY_REASONS],
    ['Progressing', PROGRESSING_REASONS],
    ['Degraded', DEGRADED_REASONS],
  ])('has each reason of %s and no other', (condition, reasons) => {
    expect(reasonsOf(condition).sort()).toEqual([...reasons].sort());
  });

  it('explains each reason of a condition once', () => {
    const reasons = new Set<string>([...READY_REASONS, ...PROGRESSING_REASONS, ...DEGRADED_REASONS]);
    expect(
      explainedReasons()
        .filter((reason) => reason !== 'Forbidden')
        .sort(),
    ).toEqual([...reasons].sort());
  });

  it('has a row for each event and no other', () => {
    expect(firstColumn('Events').sort()).toEqual([...EVENT_REASONS].sort());
  });

  it('has a row for each state that the CRD allows', () => {
    const { enum: states = [] } = fieldSchema('status.workloads.state');
    expect(firstColumn('States of a workload').sort()).toEqual([...states].sort());
  });
});

describe('the docs', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const ours = links.filter((link) => !/^\w+:/.test(link));
    expect(ours.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  it('have each page and heading that a message of the operator leads to', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const texts = sources.map((name) => readFileSync(join('src', name), 'utf8'));
    const page = 'docs/admin/migrate.md';
    const named = texts.flatMap((text) => text.replaceAll('${PAGE}', page).match(/docs\/[\w/-]+\.md(#[\w-]+)?/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((link) => !leadsSomewhere('README.md', link))).toEqual([]);
  });

  it('name a reason for every dependency', () => {
    const reasons = readFileSync('docs/adr/0025-each-dependency-has-a-reason.md', 'utf8');
    const listed = [...reasons.matchAll(/^\| (.+?) \|/gm)].flatMap((match) =>
      match[1]!.replaceAll(/ \(.*?\)/g, '').split(', '),
    );
    const names = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.devDependencies)];
    const missing = names.filter((name) => !name.startsWith('@types/') && !listed.includes(name));
    expect(missing).toEqual([]);
  });

  it('README is a page', () => expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThan(120));

  it('can be read: at most 18,000 words without results', () => {
    const counted = [
      'README.md',
      ...inDocs.filter((page) => page.endsWith('.md') && !page.startsWith('docs/results/')),
    ];
    const words = counted.flatMap((page) =>
      readFileSync(page, 'utf8')
        .split(/\s+/)
        .filter((word) => word !== ''),
    );
    expect(words.length).toBeLessThanOrEqual(18_000);
  });
});

it('the Kubernetes version of the control plane is the one that its go.mod pins', async () => {
  expect(await pinnedKubernetesVersion()).toBe(KUBERNETES_VERSION);
});

describe('CHANGELOG.md', () => {
  const headings = [...prose('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!);

  it('has what is not released yet, and then each version with its day, the latest first', () => {
    const [unreleased, ...released] = headings;
    expect(unreleased).toBe('[Unreleased]');
    for (const heading of released) expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
    const days = released.map((heading) => heading.slice(-10));
    expect(days).toEqual(days.toSorted().reverse());
  });

  it('has as the last release the version of package.json, once there is one', () =>
    expect([undefined, `[${packageJson.version}]`]).toContain(headings[1]?.split(' ')[0]));
});
