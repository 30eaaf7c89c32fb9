import { expect, it } from 'vitest';
import { cpuMs, mebibytes, memory } from '../../support/measure/proc.js';

const LINUX = process.platform === 'linux';

it('reads a field in MiB, and not one whose name ends alike', () => {
  expect(mebibytes('Pss_Anon:  9 kB\nPss:  2048 kB\n', 'Pss')).toBe(2);
  expect(mebibytes('VmRSS:\t  512 kB\n', 'VmHWM')).toBe(0);
});

it.runIf(LINUX)('reads the memory and the CPU time of a process that works', () => {
  const before = cpuMs(process.pid);
  const until = performance.now() + 50;
  while (performance.now() < until);
  const used = cpuMs(process.pid) - before;
  expect(used).toBeGreaterThan(0);
  const { resident, proportional, anonymous } = memory(process.pid);
  expect(resident).toBeGreaterThan(anonymous);
  expect(proportional).toBeGreaterThan(anonymous);
  expect(anonymous).toBeGreaterThan(1);
});
