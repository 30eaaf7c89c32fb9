/** Figures of a run, printed as they come: what docs/results/performance.md has of real nodes. */
export const figures = {
  report(what: string, value: string): void {
    console.log(`  ${what}: ${value}`);
  },

  /** Of something that has just ended. @param since of performance.now() */
  reportSeconds(what: string, since: number): void {
    this.report(what, `${((performance.now() - since) / 1000).toFixed(1)} s`);
  },
};
