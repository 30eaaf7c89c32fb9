/** Prints where a program is, building it first where that is needed: `npm run --silent tool -- helm`. */
import { isToolName, tool, TOOL_NAMES } from './tools.js';

const [name = ''] = process.argv.slice(2);
if (!isToolName(name)) {
  console.error(`no such tool: ${name}; there are ${TOOL_NAMES.join(' and ')}`);
  process.exit(2);
}
console.log(await tool(name));
