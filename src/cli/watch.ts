/** status --watch: a terminal is redrawn; elsewhere a document is printed whenever it has changed. */
import { setTimeout as pause } from 'node:timers/promises';
import { connectionOf, surveyOver, type Reading } from './answer.js';
import { forChosenCluster } from './commands/chosen-cluster.js';
import { statusReport, type StatusReport } from './commands/status.js';
import { render } from './output/render.js';
import { renderStatus } from './output/status-screen.js';
import { sanitize } from '../domain/report/sanitize.js';
import { messageOf } from '../log.js';
import { renderOptions, type OutputStream } from './terminal.js';

const INTERVAL_MS = 2_000;
/** A cluster that takes long to read is not read all the time. */
const REST_PER_READING = 4;

/** A screen of its own, which leaves what the terminal showed before. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_TO_END = '\x1b[J';

/** Returns only by an error of the first reading. @throws SourceError */
export async function watchStatus(reading: Reading, output: WatchOutput): Promise<never> {
  const connection = await connectionOf(reading);
  const read = async (): Promise<StatusReport> =>
    forChosenCluster(statusReport(await surveyOver(connection, reading)), reading.options);
  const first = await read();
  const show =
    output.stdout.isTTY === true && reading.options.format === 'text'
      ? onScreen(reading, output)
      : asLines(reading, output);
  for (let report = first; ;) {
    show(report);
    const begun = performance.now();
    try {
      report = await read();
    } catch (error) {
      show(report, messageOf(error));
    }
    await pause(Math.max(INTERVAL_MS, REST_PER_READING * (performance.now() - begun)));
  }
}

export interface WatchOutput {
  readonly stdout: OutputStream & NodeJS.EventEmitter;
  readonly stderr: OutputStream;
}

type Show = (report: StatusReport, failure?: string) => void;

function onScreen({ options }: Reading, { stdout }: WatchOutput): Show {
  let draw = (): void => undefined;
  stdout.write(ENTER);
  process.once('exit', () => stdout.write(LEAVE));
  stdout.on('resize', () => draw());
  return (report, failure) => {
    draw = () => {
      const { colour, columns } = renderOptions(options, stdout, process.env);
      const rows = (stdout.rows ?? 24) - (failure === undefined ? 1 : 2);
      const screen = renderStatus(report, { colour, columns, rows });
      const told = failure === undefined ? '' : `Not read again: ${sanitize(failure, columns)}`.slice(0, columns);
      const lines = `${screen}${told}`;
      // Each line erases what is left of the one it replaces, so nothing flickers.
      stdout.write(`${HOME}${lines.trimEnd().replaceAll('\n', '\x1b[K\r\n')}\x1b[K${ERASE_TO_END}`);
    };
    draw();
  };
}

function asLines({ options }: Reading, { stdout, stderr }: WatchOutput): Show {
  let shown = '';
  let failed: string | undefined;
  return (report, failure) => {
    if (failure !== undefined && failure !== failed) stderr.write(`kubectl csiports: ${failure}\n`);
    failed = failure;
    const text = render(report, renderOptions(options, stdout, process.env));
    if (text !== shown) stdout.write(text);
    shown = text;
  };
}
