// Loaded into the operator before its bundle (node --require): tells, on the socket METER_SOCKET, what it has allocated and
// what it holds. With METER_CLOCK=stopped no timer of it ever fires.
const net = require('node:net');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const process = require('node:process');
const timers = require('node:timers');
const promises = require('node:timers/promises');
const v8 = require('node:v8');

/** 25 days. */
const NEVER = 2 ** 31 - 1;

if (process.env.METER_CLOCK === 'stopped') {
  const { setTimeout: start } = timers;
  const { setTimeout: wait } = promises;
  globalThis.setTimeout = timers.setTimeout = (callback, _, ...rest) => start(callback, NEVER, ...rest);
  promises.setTimeout = (_, ...rest) => wait(NEVER, ...rest);
}

let collections = new v8.GCProfiler();
let usedBefore = 0;
let delays;

const answers = {
  /** From here on allocations count. */
  begin() {
    collect();
    collections = new v8.GCProfiler();
    collections.start();
    usedBefore = process.memoryUsage().heapUsed;
    return {};
  },
  /** Since begin. Only where nothing was collected meanwhile it is all that was allocated. */
  end() {
    const bytes = process.memoryUsage().heapUsed - usedBefore;
    return { bytes, collections: collections.stop().statistics.length };
  },
  /** What is left when all that is not needed is gone. */
  held() {
    collect();
    return { bytes: process.memoryUsage().heapUsed };
  },
  /** How many timers, sockets, servers and requests keep the process, or could. */
  resources() {
    return { count: process.getActiveResourcesInfo().length };
  },
  /** How long the event loop did not turn, at the longest since the last time that this was asked. */
  pause() {
    const milliseconds = delays === undefined ? 0 : delays.max / 1e6;
    delays ??= monitorEventLoopDelay({ resolution: 1 });
    delays.reset();
    delays.enable();
    return { milliseconds };
  },
  /** What JSON.parse of this text allocates. */
  parse(text) {
    const rounds = 200;
    JSON.parse(text);
    answers.begin();
    for (let round = 0; round < rounds; round += 1) JSON.parse(text);
    const { bytes, collections: count } = answers.end();
    return { bytes: bytes / rounds, collections: count };
  },
};

/** Twice: what a finalizer lets go is gone with the second. */
function collect() {
  globalThis.gc();
  globalThis.gc();
}

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  let question = '';
  socket.setEncoding('utf8').on('data', (chunk) => (question += chunk));
  socket.on('end', () => {
    const [name, ...rest] = question.split('\n');
    socket.end(JSON.stringify(answers[name](rest.join('\n'))));
  });
});
server.listen(process.env.METER_SOCKET).unref();
