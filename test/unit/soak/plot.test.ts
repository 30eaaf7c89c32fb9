import { describe, expect, it } from 'vitest';
import { plot, type Plotted } from '../../../soak/plot.js';
import type { Repair, Sample } from '../../../soak/journal.js';

function sample(at: number, life: number, changes: Partial<Sample> = {}): Sample {
  const counts = {
    handles: 20,
    descriptors: 30,
    sockets: 12,
    eventAgeSeconds: 3,
    oldestWatch: '',
    downWatches: [],
    queueDepth: 0,
  };
  return { at, life, residentMiB: 60, heapMiB: 9, ...counts, ...changes };
}

function repair(changes: Partial<Repair> = {}): Repair {
  const object = { namespace: 'rook-1', object: 'csi-rbdplugin', what: 'revert' };
  return { at: 60, ...object, seconds: 0.01, boundSeconds: 5, during: [], ...changes };
}

const RUN: Plotted = {
  seconds: 120,
  samples: [sample(5, 1), sample(10, 1), sample(15, 2), sample(60, 2), sample(65, 2)],
  repairs: [repair()],
  incidents: [{ situation: 'API server away', what: 'API server killed', from: 30, to: 60 }],
};

function circles(svg: string): { y: number; color: string }[] {
  const found = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)" r="2.2" fill="(#\w+)"/g)];
  return found.map(([, y, color]) => ({ y: Number(y), color: color! }));
}

describe('the picture of a soak', () => {
  it('has a title and a unit for each panel, and follows the scheme of the reader', () => {
    const svg = plot(RUN);
    expect(svg.match(/class="title">[^<]+/g)!.map((title) => title.slice(14))).toEqual([
      'Memory of the process (MiB) over time (min:s)',
      'Time since a watch last heard of the API server (s) over time (min:s)',
      'Repairs: time until the port is right again (logarithmic), by when it was reverted (min:s)',
    ]);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/<script|<foreignObject|href=|url\(|NaN|undefined|Infinity/);
  });

  it('begins a curve anew with a process, and after a gap', () => {
    const [, d] = /class="line" stroke="#3b82f6" d="([^"]+)"/.exec(plot(RUN))!;
    expect(d!.match(/[ML]/g)!.join('')).toBe('MLMML');
  });

  it('marks each fault behind every panel, as wide as it was long, also one without an end', () => {
    const incidents = [...RUN.incidents, { situation: 'watches broken', what: 'cut', from: 90, to: null } as const];
    const widths = [...plot({ ...RUN, incidents }).matchAll(/width="([\d.]+)" height="[\d.]+" fill="#a463f2"/g)];
    const [first, second] = widths.slice(0, 2).map(([, width]) => Number(width));
    expect(widths).toHaveLength(6);
    expect(first).toBeCloseTo(second!, 0);
  });

  it('has decades at equal distances, and what never came at the upper edge', () => {
    const repairs = [0.01, 0.1, 1, null].map((seconds) => repair({ seconds }));
    const [hundredth, tenth, one, never] = circles(plot({ ...RUN, repairs })).map(({ y }) => y);
    expect(hundredth! - tenth!).toBeCloseTo(tenth! - one!, 0);
    expect(never).toBeLessThan(one!);
  });

  it('tells the late from the held back and from the others by colour', () => {
    const repairs = [
      {},
      { what: 'contested revert', seconds: 30, boundSeconds: 35 },
      { seconds: 6 },
      { seconds: null },
    ];
    const colors = circles(plot({ ...RUN, repairs: repairs.map(repair) })).map(({ color }) => color);
    expect(new Set(colors.slice(0, 3)).size).toBe(3);
    expect(colors[3]).toBe(colors[2]);
  });
});
