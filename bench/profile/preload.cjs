// Loaded into the operator before its bundle (node --require): notes when the steps of its start are reached, by the channels
// that Node itself has for that, and tells the file in BENCH_PROFILE of them, and of the memory, at SIGUSR2.
const { subscribe } = require('node:diagnostics_channel');
const { writeFileSync } = require('node:fs');
const Module = require('node:module');
const { performance } = require('node:perf_hooks');
const process = require('node:process');
const v8 = require('node:v8');
const { runInNewContext } = require('node:vm');

/** By the machine's monotonic clock, which all processes share, in ms. */
const clock = () => Number(process.hrtime.bigint()) / 1e6;
const marks = {};
/** Of performance.now(), by that clock. */
const origin = clock() - performance.now();

function first(name) {
  marks[name] ??= clock();
}

const compile = Module.prototype._compile;
Module.prototype._compile = function (...args) {
  if (this.id === '.') first('bundleRead');
  try {
    return compile.apply(this, args);
  } finally {
    if (this.id === '.') first('bundleRun');
  }
};

const isPatchOfWorkload = ({ method, path }) => method === 'PATCH' && path.startsWith('/apis/apps/');

subscribe('http.client.request.created', ({ request }) => {
  first('firstRequest');
  request.once('socket', (socket) => {
    if (socket.connecting) socket.once('secureConnect', () => first('connected'));
  });
});
subscribe('http.client.request.start', ({ request }) => {
  if (isPatchOfWorkload(request)) first('patchSent');
});
subscribe('http.client.response.finish', ({ request, response }) => {
  first('firstAnswer');
  if (isPatchOfWorkload(request)) first('patchAnswered');
  if (marks.patchSent !== undefined || !request.path.includes('watch=true')) return;
  const push = response.push;
  response.push = function (chunk, ...rest) {
    // Of the lists that the first patch waited for, the last one.
    if (marks.patchSent === undefined && chunk?.includes('k8s.io/initial-events-end')) marks.listsComplete = clock();
    return push.call(this, chunk, ...rest);
  };
});

function memory() {
  const spaces = v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.physical_space_size]);
  return { ...process.memoryUsage(), ...v8.getHeapCodeStatistics(), spaces: Object.fromEntries(spaces) };
}

process.on('SIGUSR2', () => {
  const { nodeStart, v8Start, environment, bootstrapComplete } = performance.nodeTiming;
  const milestones = { nodeStart, v8Start, environment, bootstrapComplete };
  for (const [name, at] of Object.entries(milestones)) marks[name] = origin + at;
  const afterStart = memory();
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  writeFileSync(process.env.BENCH_PROFILE, JSON.stringify({ marks, afterStart, afterCollection: memory() }));
});
