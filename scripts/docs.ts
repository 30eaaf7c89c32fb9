/** `npm run docs`: writes the pages that are made from the sources. */
import { writeFileSync } from 'node:fs';
import { CHART_README, chartPage } from './chart-page.js';
import { COMPATIBILITY_PAGE, compatibilityPage } from './compatibility-page.js';
import { configurationPage } from './configuration-page.js';
import { MONITOR_PAGE, metricsPage } from './metrics-page.js';
import { PLUGIN_PAGE, pluginPage } from './plugin-page.js';
import { rbacPage } from './rbac-page.js';
import { STATUS_PAGE, statusPage } from './status-page.js';

writeFileSync(COMPATIBILITY_PAGE, compatibilityPage());
writeFileSync('docs/admin/configure.md', configurationPage());
writeFileSync(PLUGIN_PAGE, pluginPage());
writeFileSync(MONITOR_PAGE, metricsPage());
writeFileSync('docs/admin/rights.md', rbacPage());
writeFileSync(STATUS_PAGE, statusPage());
writeFileSync(CHART_README, chartPage());
