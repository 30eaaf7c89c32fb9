/** Records the requests to the API server: rest_client_*. */
import type { RequestObserver } from '../../kube/transport.js';
import type { Recorder } from './recorder.js';

/** @param host of the API server, with port */
export function countRequests(recorder: Recorder, host: string): RequestObserver {
  return {
    responded(method, status) {
      recorder.count('rest_client_requests_total', { code: String(status ?? '<error>'), host, method });
    },
    took(verb, milliseconds) {
      recorder.time('rest_client_request_duration_seconds', { verb, host }, milliseconds);
    },
  };
}
