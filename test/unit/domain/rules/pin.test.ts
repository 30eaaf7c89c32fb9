import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/domain/rules/assignment.js';
import { describePin, planPin, type Pin } from '../../../../src/domain/rules/pin.js';
import { parsePortKey, userKeys } from '../../../../src/domain/rules/rook-config.js';
import type { RookOperator } from '../../../../src/domain/rules/rook-operator.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import { anyRookConfig, assignablePort, validSlotPorts } from '../arbitraries.js';
import { DEFAULT_PORTS, applyPin, observe, pinned, rookConfig, type Keys } from '../worlds.js';

const [RBD, CEPHFS, NODE] = [
  'CSIADDONS_RBD_PROVISIONER_PORT',
  'CSIADDONS_CEPHFS_PROVISIONER_PORT',
  'CSIADDONS_PORT',
] as const;
const ALL: Pin = { [RBD]: '9070', [CEPHFS]: '9071', [NODE]: '9072' };

function pinFor(ports: Ports, keys: Keys, env: RookOperator['env'] = {}, currentPorts = ports): Pin {
  const { rookOperator } = observe({ rook: { env } });
  return planPin(rookConfig(keys), { ports, currentPorts, rookOperator });
}

describe('the pin', () => {
  it.each<[string, Ports, Keys, RookOperator['env'], Pin]>([
    ['nothing for absent keys and a sidecar on 9070', { rbdNodePlugin: 9070 }, {}, {}, {}],
    ['nothing for a blank key, which is 9070, too', { rbdNodePlugin: 9070 }, { [NODE]: '' }, {}, {}],
    ['nothing for distinct keys in force', { rbdProvisioner: 9071, rbdNodePlugin: 9070 }, { [RBD]: '9071' }, {}, {}],
    ['nothing for keys of the environment', { rbdNodePlugin: 9075 }, {}, { [NODE]: '9075' }, {}],
    [
      'nothing for a port that Rook renders though it is not assignable',
      { rbdNodePlugin: 80 },
      { [NODE]: '80' },
      {},
      {},
    ],
    ['nothing without a slot in play', {}, {}, {}, {}],
    ['all keys if one differs, 9070 in full', DEFAULT_PORTS, {}, {}, ALL],
    ['none that is right already', DEFAULT_PORTS, { [NODE]: '9072' }, {}, { [RBD]: '9070', [CEPHFS]: '9071' }],
    [
      'those of the slots in play alone',
      { rbdProvisioner: 9070, rbdNodePlugin: 9072 },
      {},
      {},
      { [RBD]: '9070', [NODE]: '9072' },
    ],
    [
      'over a blank key, which hides the environment',
      { rbdNodePlugin: 9075 },
      { [NODE]: '' },
      { [NODE]: '9075' },
      { [NODE]: '9075' },
    ],
    ['over a key that stops Rook', { rbdNodePlugin: 9070 }, { [NODE]: 'abc' }, {}, { [NODE]: '9070' }],
    ['over an environment that stops Rook', { rbdNodePlugin: 9070 }, {}, { [NODE]: 'abc' }, { [NODE]: '9070' }],
  ])('writes %s', (...[, ports, keys, env, pin]) => expect(pinFor(ports, keys, env)).toEqual(pin));

  it.each<[string, Keys, number | undefined, Pin]>([
    ['with the port it has', { [NODE]: 'abc' }, 9085, { [NODE]: '9085' }],
    ["with Rook's default if there is none", { [NODE]: '0' }, undefined, { [NODE]: '9070' }],
    ["with Rook's default if it has no assignable one", { [NODE]: 'abc' }, 80, { [NODE]: '9070' }],
    ['not if Rook goes on', { [NODE]: '80' }, 9085, {}],
  ])('writes a key of a slot that is not in play %s', (_, keys, current, pin) => {
    expect(pinFor({}, keys, {}, current === undefined ? {} : { rbdNodePlugin: current })).toEqual(pin);
  });

  it('is empty once it was written', () => {
    expect(planPin(pinned(), { ports: DEFAULT_PORTS, currentPorts: DEFAULT_PORTS, rookOperator: undefined })).toEqual(
      {},
    );
  });

  it('is described by its keys and values', () => {
    expect(describePin({ [RBD]: '9070', [NODE]: '9072' })).toBe(`${RBD}=9070, ${NODE}=9072`);
    expect(describePin({})).toBe('');
  });
});

describe('of any settings', () => {
  const current = assignablePort.chain((port) =>
    fc.constantFrom({}, { rbdNodePlugin: port }, { rbdProvisioner: port }),
  );
  const rookOperator = undefined;

  it('the pin leaves no key that stops Rook, has Rook render the ports in force, and touches no other key', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, current, (config, ports, currentPorts) => {
        const pin = planPin(config, { ports, currentPorts, rookOperator });
        const after = applyPin(config, pin);
        for (const { slot, configKey } of SLOT_SPECS) {
          const meaning = parsePortKey(after.keys[configKey]?.value);
          if (ports[slot] !== undefined) expect(meaning.kind === 'Unset' ? 9070 : meaning.port).toBe(ports[slot]);
          else if (after.keys[configKey] !== config.keys[configKey]) {
            expect(parsePortKey(config.keys[configKey]?.value)).toMatchObject({ kind: 'Invalid', stopsRook: true });
          }
          expect(meaning).not.toMatchObject({ stopsRook: true });
          if (configKey in pin) expect(meaning).toEqual({ kind: 'Port', port: Number(pin[configKey]) });
        }
      }),
    );
  });

  it('nothing is left to write for the same ports', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, current, (config, ports, currentPorts) => {
        const slots = { ports, currentPorts, rookOperator };
        const after = applyPin(config, planPin(config, slots));
        expect(planPin(after, slots)).toEqual({});
      }),
    );
  });

  it('what was pinned is no wish of the user', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, (config, ports) => {
        const pin = planPin(config, { ports, currentPorts: {}, rookOperator });
        const keys = userKeys(applyPin(config, pin), rookOperator);
        for (const { slot, configKey } of SLOT_SPECS) {
          expect(keys[slot]).toBe(configKey in pin ? undefined : userKeys(config, rookOperator)[slot]);
        }
      }),
    );
  });
});
