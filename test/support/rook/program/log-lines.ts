/** What Rook's log says of a setting that it cannot read; docs/maintainer/rook.md, How it reads a key. */
import type { RookConfigError } from '../csi-parameters.js';

const PORT_OF: Readonly<Record<string, string>> = {
  CSIADDONS_RBD_PROVISIONER_PORT: ' for RBD provisioner',
  CSIADDONS_CEPHFS_PROVISIONER_PORT: ' for Ceph FS provisioner',
};

export function describeConfigError({ key, value }: RookConfigError): string {
  const what = `failed to configure CSI parameters: failed to get CSI Addons port${PORT_OF[key] ?? ''}`;
  const why = /^\d+$/.test(value)
    ? `${value} port value is greater than 65535 for ${key}.`
    : `failed to parse port value for "${key}".: strconv.ParseUint: parsing "${value}": invalid syntax`;
  return `${what}: ${why}`;
}
