/** rest_client_*: the requests to the API server. */
import type { RequestObserver } from '../../kube/transport.js';
import type { Recorder } from './recorder.js';

/** @param host of the API server, with its port */
export function countRequests(recorder: Recorder, host: string): RequestObserver {
  return {
    answered(method, status) {
      recorder.count('rest_client_requests_total', { code: String(status ?? '<error>'), host, method });
    },
    took(verb, milliseconds) {
      recorder.time('rest_client_request_duration_seconds', { verb, host }, milliseconds);
    },
  };
}
