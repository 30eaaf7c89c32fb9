// Writes dist/sbom.cdx.json, of the operator, and dist/kubectl-csiports.cdx.json, of the plugin: the production dependencies
// as npm resolves them, in CycloneDX. Those whose code is in the bundle have the scope "required", the others, of which the
// bundler took nothing, "excluded". `npm run build` comes first. With SOURCE_DATE_EPOCH set, the same sources give the same
// files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import packageJson from '../package.json' with { type: 'json' };
import { bundledPackages, idOf } from './bundled-packages.js';

const OPTIONS = ['--sbom-format=cyclonedx', '--sbom-type=application'];
const { SOURCE_DATE_EPOCH: epoch } = process.env;

const installed = execFileSync('npm', ['sbom', ...OPTIONS], { encoding: 'utf8', maxBuffer: 2 ** 26 });
writeSbom({ file: 'sbom.cdx.json', name: packageJson.name, metafile: 'meta.json' });
writeSbom({ file: 'kubectl-csiports.cdx.json', name: 'kubectl-csiports', metafile: 'plugin-meta.json' });

function writeSbom({ file, name, metafile }) {
  const bundled = new Set(bundledPackages(JSON.parse(readFileSync(`dist/${metafile}`, 'utf8'))).map(idOf));
  const sbom = JSON.parse(installed);
  keepProduction(sbom);
  for (const component of sbom.components) component.scope = bundled.has(idOf(component)) ? 'required' : 'excluded';
  // npm names the root after its folder.
  sbom.metadata.component.name = name;
  if (epoch) sbom.metadata.timestamp = new Date(Number(epoch) * 1000).toISOString();
  delete sbom.serialNumber;
  const digest = createHash('sha256').update(JSON.stringify(sbom)).digest('hex');
  sbom.serialNumber = `urn:uuid:${asUuid(digest)}`;
  writeFileSync(`dist/${file}`, `${JSON.stringify(sbom, null, 2)}\n`);
}

/**
 * `npm sbom --omit=dev` leaves out whatever it comes upon first as a dependency of a development tool, though it may be in
 * the bundle, too. So all are asked for, and those kept that can be reached from `dependencies` of package.json.
 */
function keepProduction(sbom) {
  const root = sbom.metadata.component['bom-ref'];
  const edges = new Map(sbom.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
  const direct = edges.get(root).filter((ref) => ref.slice(0, ref.lastIndexOf('@')) in packageJson.dependencies);
  edges.set(root, direct);
  const reached = new Set([root]);
  // A set grows while it is walked.
  for (const ref of reached) for (const next of edges.get(ref) ?? []) reached.add(next);
  sbom.components = sbom.components.filter((component) => reached.has(component['bom-ref']));
  sbom.dependencies = [...reached].sort().map((ref) => ({ ref, dependsOn: edges.get(ref) ?? [] }));
}

/** Version 8 of RFC 9562: made of a digest. */
function asUuid(hex) {
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}
