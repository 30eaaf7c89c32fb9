import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Rooms from the bottom up: a file imports from its own room and from those named before it. */
const ROOMS = ['domain', 'kube', 'controller', 'ops'];

/** Forbids a room to import from the rooms above it (and from the files of the composition root). */
function importDirection(room, index) {
  const above = ROOMS.slice(index + 1);
  const patterns = above.map((name) => ({
    regex: `^\\.\\.?/(\\.\\./)*${name}/`,
    message: `src/${room} must not import from src/${name}: imports go domain <- kube <- controller <- main.`,
  }));
  patterns.push({
    regex: '^\\.\\./(main|config|logger)\\.js$',
    message: `src/${room} gets its configuration and logger as parameters.`,
  });
  if (room === 'domain') {
    patterns.push({ regex: '^(node:|[^.])', message: 'src/domain is pure: it imports nothing outside itself.' });
  }
  return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '.cache/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  ...ROOMS.map(importDirection),
  {
    files: ['test/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts', 'soak/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
