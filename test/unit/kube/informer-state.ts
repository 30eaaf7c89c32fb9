import type { InformerState } from '../../../src/kube/informer-state.js';

/** Of a DaemonSet's informer that is well, with what a test makes otherwise. */
export function informerState(more: Partial<InformerState> = {}): InformerState {
  return {
    title: 'DaemonSet plugin',
    rule: { group: 'apps', resource: 'daemonsets', name: 'plugin' },
    namespace: undefined,
    optional: false,
    synced: true,
    failures: 0,
    lastError: undefined,
    failingSince: undefined,
    lastActivity: 0,
    lastEventAt: 0,
    ...more,
  };
}
