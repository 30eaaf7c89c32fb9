// Bundles src/main.ts and all it imports into dist/main.js, which `node dist/main.js` starts. What is needed only with a
// kubeconfig goes into dist/kubeconfig.js: three times as much code, which no pod has to read and keep. The log for people is in
// dist/pino-pretty.js for the same reason. Beside them go what the bundles were made of (meta.json, of esbuild) and the licences that a copy of them has to carry.
// The kubectl plugin is dist/kubectl-csiports.js, which loads the same kubeconfig.js, with plugin-meta.json and
// plugin-licenses.txt of its own: nothing of it goes into the image. dist/bin has it by the names that kubectl looks for.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
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
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/kubeconfig\.js$|^pino-pretty$/ }, ({ kind, path }) => {
      return kind === 'dynamic-import' ? { path: `./${basename(path, '.js')}.js`, external: true } : undefined;
    });
  },
};

/** Modules that libraries load for what the operator never asks of them, by their importer: exemplars, and logging from a thread. */
const NEVER_USED = [
  { module: /^@opentelemetry\/api$/, importer: /node_modules\/prom-client\// },
  { module: /^thread-stream$/, importer: /node_modules\/pino\// },
];

const withoutNeverUsed = {
  name: 'without-never-used',
  setup({ onLoad, onResolve }) {
    for (const { module, importer: by } of NEVER_USED) {
      onResolve({ filter: module }, ({ path, importer }) => {
        return by.test(importer) ? { path, namespace: 'never-used' } : undefined;
      });
    }
    onLoad({ filter: /./, namespace: 'never-used' }, () => ({ contents: 'export default undefined;' }));
  },
};

/** Commander can start programs as commands. The plugin has none, and no code that could. */
const withoutPrograms = {
  name: 'without-programs',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) => {
      return /commander/.test(importer) ? { path: 'none', namespace: 'without-programs' } : undefined;
    });
    onLoad({ filter: /^none$/, namespace: 'without-programs' }, () => ({ contents: 'export default {};' }));
  },
};

const BUNDLE_URL = "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;";

/** Whoever starts the plugin has a Node.js of their own. An old one would fail somewhere in the midst of it. */
const NODE_CHECK = `if (Number(process.versions.node.split('.')[0]) < 22) {
  console.error('kubectl csiports: Node.js ' + process.versions.node + ' is too old; install Node.js 22.19 or later');
  process.exit(3);
}`;

const COMMON = {
  bundle: true,
  metafile: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  format: 'cjs',
  define: { 'import.meta.url': '__bundleUrl', __VERSION__: JSON.stringify(packageJson.version) },
  // Optional native speed-ups of ws, which comes with client-node: absent in the image.
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
};

await mkdir('dist', { recursive: true });
// CommonJS starts faster than a bundled ES module; the package around it says "module", hence a package.json of its own.
await writeFile('dist/package.json', '{ "type": "commonjs" }\n');
// Renamed when they are whole: an operator that is being started meanwhile finds the old bundles or the new ones.
const unfinished = `dist/unfinished-${process.pid}`;
const operator = await build({
  ...COMMON,
  entryPoints: { main: 'src/main.ts', kubeconfig: 'src/kube/kubeconfig.ts', 'pino-pretty': 'pino-pretty' },
  outdir: unfinished,
  target: 'node24',
  // For profiles (bench/profile): neither the image nor the bundle itself names it.
  sourcemap: 'external',
  banner: { js: BUNDLE_URL },
  plugins: [apart, withoutNeverUsed, onlyWhatIsUsed],
});
const plugin = await build({
  ...COMMON,
  entryPoints: { 'kubectl-csiports': 'src/cli/main.ts' },
  outdir: unfinished,
  target: 'node22',
  banner: { js: `#!/usr/bin/env node\n${NODE_CHECK}\n${BUNDLE_URL}` },
  plugins: [apart, withoutPrograms, onlyWhatIsUsed],
});
await chmod(`${unfinished}/kubectl-csiports.js`, 0o755);
await writeMade('meta.json', 'THIRD-PARTY-LICENSES.txt', operator.metafile);
const kubeconfig = Object.entries(operator.metafile.outputs).filter(([file]) => file.endsWith('/kubeconfig.js'));
const outputs = { ...plugin.metafile.outputs, ...Object.fromEntries(kubeconfig) };
await writeMade('plugin-meta.json', 'plugin-licenses.txt', { ...plugin.metafile, outputs });
for (const file of ['kubeconfig.js', 'pino-pretty.js', 'main.js.map', 'main.js', 'kubectl-csiports.js'])
  await rename(`${unfinished}/${file}`, `dist/${file}`);
await rm(unfinished, { recursive: true });
await linkPlugin();

async function writeMade(meta, licenses, metafile) {
  await writeFile(`dist/${meta}`, JSON.stringify(metafile));
  await writeFile(`dist/${licenses}`, thirdPartyLicenses(bundledPackages(metafile)));
}

/** `PATH=$PWD/dist/bin:$PATH` is all that kubectl needs. */
async function linkPlugin() {
  await mkdir('dist/bin', { recursive: true });
  const target = 'dist/bin/kubectl-csiports';
  await symlink('../kubectl-csiports.js', `${target}-${process.pid}`);
  await rename(`${target}-${process.pid}`, target);
  const completion = 'dist/bin/kubectl_complete-csiports';
  await writeFile(completion, execFileSync(process.execPath, [target, 'completion', 'kubectl']), { mode: 0o755 });
}
