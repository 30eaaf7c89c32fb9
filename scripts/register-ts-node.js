// Lets node run the TypeScript sources as they are: `node --import ./scripts/register-ts-node.js src/main.ts`.
// Types are not checked here (`npm run types` does that), so a start takes a second and not ten.
import { register } from 'node:module';

process.env.TS_NODE_TRANSPILE_ONLY ??= 'true';
register('ts-node/esm', import.meta.url);
