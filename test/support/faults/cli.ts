/** Prints what FAULTS_RECORD has written as a table in Markdown: `npm run --silent faults-table -- FILE`. */
import { readFile } from 'node:fs/promises';
import { markdownTable, type Recorded } from './table.js';

const [file = ''] = process.argv.slice(2);
process.stdout.write(markdownTable(JSON.parse(await readFile(file, 'utf8')) as Recorded[]));
