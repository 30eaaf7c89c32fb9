// Bundles src/main.ts and all it imports into dist/main.js, which `node dist/main.js` starts. What is needed only with a
// kubeconfig goes into dist/kubeconfig.js: three times as much code, which no pod has to read and keep. Beside them go
// what the bundles were made of (meta.json, of esbuild) and the licences that a copy of them has to carry.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };
import { bundledPackages } from './bundled-packages.js';
import { thirdPartyLicenses } from './third-party-licenses.js';

/**
 * client-node does not say that its modules can be left out when unused; without this the bundle would carry the
 * generated API of all of Kubernetes (2.5 MB) for the sake of KubeConfig.
 */
const onlyWhatIsUsed = {
  name: 'client-node-without-side-effects',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(@kubernetes\/client-node|\.)/ }, async ({ path, pluginData, ...args }) => {
      if (pluginData === 'resolved') return undefined;
      if (!/client-node/.test(path + args.resolveDir)) return undefined;
      const { importer, kind, namespace, resolveDir, with: attributes } = args;
      const result = await resolve(path, {
        importer,
        kind,
        namespace,
        resolveDir,
        with: attributes,
        pluginData: 'resolved',
      });
      return { ...result, sideEffects: false };
    });
  },
};

/** What is imported while the process runs, and only where it is used, stays out of the bundle that imports it. */
const kubeconfigApart = {
  name: 'kubeconfig-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/kubeconfig\.js$/ }, ({ kind }) => {
      return kind === 'dynamic-import' ? { path: './kubeconfig.js', external: true } : undefined;
    });
  },
};

await mkdir('dist', { recursive: true });
// CommonJS starts faster than a bundled ES module; the package around it says "module", hence a package.json of its own.
await writeFile('dist/package.json', '{ "type": "commonjs" }\n');
// Renamed when they are whole: an operator that is being started meanwhile finds the old bundles or the new ones.
const unfinished = `dist/unfinished-${process.pid}`;
const { metafile } = await build({
  entryPoints: { main: 'src/main.ts', kubeconfig: 'src/kube/kubeconfig.ts' },
  outdir: unfinished,
  bundle: true,
  metafile: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  define: { 'import.meta.url': '__bundleUrl', __VERSION__: JSON.stringify(packageJson.version) },
  banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // Optional native speed-ups of ws, which comes with client-node: absent in the image.
  external: ['bufferutil', 'utf-8-validate'],
  plugins: [kubeconfigApart, onlyWhatIsUsed],
  logLevel: 'warning',
});
await writeFile('dist/meta.json', JSON.stringify(metafile));
await writeFile('dist/THIRD-PARTY-LICENSES.txt', thirdPartyLicenses(bundledPackages(metafile)));
for (const file of ['kubeconfig.js', 'main.js']) await rename(`${unfinished}/${file}`, `dist/${file}`);
await rm(unfinished, { recursive: true });
