/** How the plugin ends after it has printed a document. */
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { CliDocument } from './document.js';

export function exitCode(_document: CliDocument): ExitCode {
  return EXIT_CODES.noConflict;
}
