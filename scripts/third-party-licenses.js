import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from './bundled-packages.js';

const RULE = '='.repeat(78);
const LEGAL_FILES = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** The text that goes with a copy of the bundle: each package's licence and notices, as it ships them. */
export function thirdPartyLicenses(packages) {
  const head = 'csi-port-operator contains code of the packages below, under the licences that follow each name.';
  return [head, ...packages.map(section)].join(`\n\n${RULE}\n`);
}

function section({ folder, license, ...name }) {
  const files = readdirSync(folder).filter((file) => LEGAL_FILES.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${idOf(name)}  (${license})`, ...texts].join('\n\n');
}
