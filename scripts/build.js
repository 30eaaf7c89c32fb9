// Bundles src/main.ts and all it imports into dist/main.js, which `node dist/main.js` starts on its own.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };

await rm('dist', { recursive: true, force: true });
await mkdir('dist');
// CommonJS starts faster than a bundled ES module; the package around it says "module", hence a package.json of its own.
await writeFile('dist/package.json', '{ "type": "commonjs" }\n');
await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  define: { 'import.meta.url': '__bundleUrl', __VERSION__: JSON.stringify(packageJson.version) },
  banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // Optional native speed-ups of ws, which comes with client-node: absent in the image.
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
});
