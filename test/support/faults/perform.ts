/** How each fault is done to a request. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { constants, createGzip } from 'node:zlib';
import type { Exchange } from './exchange.js';
import type { What } from './fault.js';
import type { ListMemory } from './list-memory.js';

type Performer<K> = (
  what: Extract<What, { readonly kind: K }>,
  exchange: Exchange,
  lists: ListMemory,
) => void | Promise<void>;

const JSON_TYPE = { 'Content-Type': 'application/json' };

const PERFORMERS: { readonly [K in What['kind']]: Performer<K> } = {
  answer({ status, headers = {}, body }, exchange) {
    exchange.answer(status, headers, body);
  },
  reset(_, exchange) {
    exchange.reset();
  },
  async delay({ ms }, exchange, lists) {
    await sleep(ms);
    await pass(exchange, lists);
  },
  async lose(_, exchange) {
    await text(await exchange.forward());
    exchange.reset();
  },
  async cut({ bytes }, exchange) {
    const answer = await exchange.forward();
    exchange.begin(answer);
    for await (const chunk of answer) {
      await exchange.write((chunk as Buffer).subarray(0, bytes));
      break;
    }
    exchange.cut();
  },
  async gzip(_, exchange) {
    const answer = await exchange.forward();
    exchange.begin(answer, { 'content-encoding': 'gzip', 'content-length': undefined });
    exchange.relay(answer.pipe(createGzip({ flush: constants.Z_SYNC_FLUSH })));
  },
  async pieces({ bytes }, exchange) {
    const answer = await exchange.forward();
    exchange.begin(answer);
    // A watch has no end to wait for.
    relayInPieces(exchange, answer, bytes).catch(() => exchange.cut());
  },
  async insert({ line }, exchange) {
    const answer = await exchange.forward();
    exchange.begin(answer);
    await exchange.write(`${line}\n`);
    exchange.relay(answer);
  },
  async end(_, exchange) {
    const answer = await exchange.forward();
    answer.destroy();
    exchange.begin(answer, { 'content-length': undefined });
    exchange.end();
  },
  async silence(_, exchange) {
    const answer = await exchange.forward();
    answer.destroy();
    exchange.begin(answer);
  },
  async stale(_, exchange, lists) {
    const answer = await exchange.forward();
    answer.destroy();
    exchange.begin(answer, { 'content-length': undefined });
    await exchange.write(lists.first(exchange.request));
    exchange.end();
  },
  async 'another page'(_, exchange) {
    const answer = await exchange.forward();
    const page = JSON.parse(await text(answer)) as { metadata: object };
    const body = JSON.stringify({ ...page, metadata: { ...page.metadata, continue: 'expired' } });
    exchange.answer(answer.statusCode!, JSON_TYPE, body);
  },
};

/** @throws where the API server cannot be reached */
export async function perform(what: What, exchange: Exchange, lists: ListMemory): Promise<void> {
  const performer = PERFORMERS[what.kind] as Performer<What['kind']>;
  await performer(what, exchange, lists);
}

/** As if the gateway were not there. */
export async function pass(exchange: Exchange, lists: ListMemory): Promise<void> {
  const answer = await exchange.forward();
  exchange.begin(answer);
  if (exchange.request.moment === 'list' && answer.statusCode === 200) lists.listen(exchange.request, answer);
  exchange.relay(answer);
}

async function relayInPieces(exchange: Exchange, answer: AsyncIterable<Buffer>, bytes: number): Promise<void> {
  for await (const chunk of answer) await writeInPieces(exchange, chunk, bytes);
  exchange.end();
}

async function writeInPieces(exchange: Exchange, chunk: Buffer, bytes: number): Promise<void> {
  for (let start = 0; start < chunk.length && exchange.isOpen; start += bytes) {
    await exchange.write(chunk.subarray(start, start + bytes));
    // What is written in one turn goes out together.
    await nextTurn();
  }
}
