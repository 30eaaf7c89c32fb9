/** The lint rule that keeps imports pointing downwards: which room of src may import from which. */
import { dirname, relative, resolve } from 'node:path';

/** What each room may import from, besides itself. The files right in src, the composition root, import everything. */
const ROOMS = {
  'src/log.ts': [],
  'src/domain/rules': [],
  'src/domain/report': ['src/domain/rules'],
  'src/domain': [],
  'src/kube': ['src/domain', 'src/log.ts'],
  'src/watched': ['src/domain', 'src/kube'],
  'src/controller': ['src/domain', 'src/kube', 'src/watched', 'src/log.ts'],
  'src/ops': ['src/domain', 'src/kube', 'src/controller', 'src/log.ts'],
  'src/cli': ['src/domain', 'src/kube', 'src/watched', 'src/log.ts'],
};
/** Rooms without packages and modules of Node.js. */
const PURE = /^src\/(domain|log\.ts)/;
const ROOT = resolve(import.meta.dirname, '..');

function isIn(file, room) {
  return file === room || file.startsWith(`${room}/`);
}

/** @returns what is wrong with the import, undefined if nothing is */
function violation(file, room, specifier) {
  if (typeof specifier !== 'string') return `${room} must import by a plain string.`;
  if (!/^[./]/.test(specifier)) return PURE.test(room) ? `${room} must not import packages: it is pure.` : undefined;
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier));
  if ([room, ...ROOMS[room]].some((allowed) => isIn(target.replace(/\.js$/, '.ts'), allowed))) return undefined;
  return `${room} must not import ${target}. It may import: ${[...ROOMS[room], 'itself'].join(', ')}.`;
}

export const importDirection = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = relative(ROOT, resolve(ROOT, context.filename));
    const room = Object.keys(ROOMS).find((candidate) => isIn(file, candidate));
    if (room === undefined) return {};
    const check = (node, specifier) => {
      const message = violation(file, room, specifier);
      if (message !== undefined) context.report({ node, message });
    };
    const checkSource = (node) => node.source && check(node, node.source.value);
    return {
      ImportDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ImportExpression: checkSource,
      TSImportType: checkSource,
      TSExternalModuleReference: (node) => check(node, node.expression.value),
    };
  },
};
