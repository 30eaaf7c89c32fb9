/** What a Rook program remembers of its settings from one pass to the next. */
import type { RookRelease } from '../release.js';

export type Settings = Readonly<Record<string, string>>;

/**
 * docs/maintainer/rook.md, How it reads a key: up to 1.16.4 each pass reads the ConfigMap anew. From 1.16.5 on each pass copies it
 * into the environment of the process and reads that, so that a deleted key keeps its last value until a restart, a bad
 * one included; an empty value is copied like any other, and means the default.
 */
export class SettingsInForce {
  readonly #keepsDeleted: boolean;
  readonly #log: (line: string) => void;
  #environment: Settings = {};

  constructor({ keepsDeletedSettings }: RookRelease, log: (line: string) => void) {
    this.#keepsDeleted = keepsDeletedSettings;
    this.#log = log;
  }

  /** The settings of a pass that finds this in the ConfigMap; an absent ConfigMap has no data. */
  read(data: Settings): Settings {
    if (!this.#keepsDeleted) return data;
    for (const [key, value] of Object.entries(data)) {
      if (this.#environment[key] !== value) this.#log(`I | op-k8sutil: operator setting "${key}" = "${value}"`);
    }
    this.#environment = { ...this.#environment, ...data };
    return this.#environment;
  }
}
