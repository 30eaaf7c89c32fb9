// Loaded into the operator before its bundle (node --require): a CPU profile from the first SIGUSR2 to the second, which writes
// it to the file in BENCH_PROFILE.
const { renameSync, writeFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const process = require('node:process');

const INTERVAL_US = 250;

const session = new Session();
session.connect();
let isRunning = false;

process.on('SIGUSR2', () => {
  if (isRunning) {
    session.post('Profiler.stop', (error, result) => {
      if (error) throw error;
      writeFileSync(`${process.env.BENCH_PROFILE}.part`, JSON.stringify(result.profile));
      renameSync(`${process.env.BENCH_PROFILE}.part`, process.env.BENCH_PROFILE);
    });
    return;
  }
  isRunning = true;
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  session.post('Profiler.start');
});
