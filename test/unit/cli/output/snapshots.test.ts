/** What is printed, at 100 columns and without colour. */
import { describe, expect, it } from 'vitest';
import { checkReport } from '../../../../src/cli/commands/check.js';
import type { CliDocument } from '../../../../src/cli/commands/document.js';
import { explain } from '../../../../src/cli/commands/explain.js';
import { planReport } from '../../../../src/cli/commands/plan.js';
import { statusReport } from '../../../../src/cli/commands/status.js';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import { render } from '../../../../src/cli/output/render.js';
import type { Survey } from '../../../../src/cli/survey.js';
import { SURVEYS } from '../surveys.js';

const REPORTS: Readonly<Record<string, (survey: Survey) => CliDocument>> = {
  check: checkReport,
  plan: planReport,
  status: statusReport,
};

function text(document: CliDocument): string {
  return render(document, { format: 'text', colour: false, columns: 100 });
}

/** As it is shown, and how the plugin ends. */
function shown(document: CliDocument): string {
  return `${text(document)}\nexit code ${exitCode(document)}\n`;
}

describe.each(Object.entries(REPORTS))('%s', (command, report) => {
  it.each(Object.entries(SURVEYS))('%s', async (name, survey) => {
    await expect(shown(report(survey))).toMatchFileSnapshot(`snapshots/${command}-${name.replaceAll(' ', '-')}.txt`);
  });
});

it('explain', async () => {
  await expect(text(explain())).toMatchFileSnapshot('snapshots/explain.txt');
});
