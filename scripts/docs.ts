/** `npm run docs`: writes the pages of docs/ that are made from the sources. */
import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration-page.js';
import { metricsPage } from './metrics-page.js';

writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('docs/metrics.md', metricsPage());
