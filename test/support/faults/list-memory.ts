/** The first list of each kind of object that passed through, as the API server sent it. */
import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from './api-request.js';

const LAST_OF_A_STREAMED_LIST = 'k8s.io/initial-events-end';

export class ListMemory {
  readonly #lists = new Map<string, string>();

  /** Keeps the list that this answer begins with. */
  listen(request: ApiRequest, answer: IncomingMessage): void {
    const key = keyOf(request);
    if (this.#lists.has(key)) return;
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      const marker = chunk.indexOf(LAST_OF_A_STREAMED_LIST);
      if (marker < 0 || chunk.indexOf('\n', marker) < 0) return;
      answer.off('data', take);
      const listed = Buffer.concat(chunks);
      this.#lists.set(
        key,
        listed.subarray(0, listed.indexOf('\n', listed.indexOf(LAST_OF_A_STREAMED_LIST)) + 1).toString(),
      );
    };
    answer.on('data', take);
    answer.once('end', () => {
      if (!this.#lists.has(key)) this.#lists.set(key, Buffer.concat(chunks).toString());
    });
  }

  /** @throws Error where none passed through */
  first(request: ApiRequest): string {
    const list = this.#lists.get(keyOf(request));
    if (list === undefined) throw new Error(`no list of ${keyOf(request)} has passed through`);
    return list;
  }
}

/** A streamed list and pages are not of the same form. */
function keyOf({ path, query }: ApiRequest): string {
  return `${path} ${query.fieldSelector ?? ''} ${query.watch === 'true' ? 'streamed' : 'in pages'}`;
}
