/** kubectl csiports in a real terminal (tmux), in pipes, and completed by a real bash. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { Holder } from '../support/holders.js';
import { Plugin } from '../support/plugin.js';

const cluster = useCluster();
const COLOUR = '\x1b[';

let plugin: Plugin;
beforeAll(() => {
  plugin = new Plugin(cluster().controlPlane);
});

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
if (!hasTmux) console.log('skipped: no terminal is opened, as tmux is not installed');

/** A terminal of its own, with a server of its own; gone after the test. */
class Terminal {
  readonly #socket: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(socket: string, environment: NodeJS.ProcessEnv) {
    this.#socket = socket;
    this.#environment = environment;
  }

  static async open(environment: NodeJS.ProcessEnv): Promise<Terminal> {
    const folder = await mkdtemp(join(tmpdir(), 'plugin-tmux-'));
    const terminal = new Terminal(join(folder, 'socket'), { ...environment, TERM: 'xterm-256color', PS1: '$ ' });
    await terminal.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      '110',
      '-y',
      '50',
      'bash',
      '--norc',
      '--noprofile',
    );
    onTestFinished(async () => {
      await terminal.#tmux('kill-server').catch(() => undefined);
      await rm(folder, { recursive: true });
    });
    return terminal;
  }

  async type(line: string): Promise<void> {
    await this.#tmux('send-keys', '-l', line);
    await this.#tmux('send-keys', 'Enter');
  }

  async press(key: string): Promise<void> {
    await this.#tmux('send-keys', key);
  }

  /** What it shows, with its colours. */
  screen(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  async waitFor(words: string | RegExp): Promise<string> {
    return waitFor(
      `the terminal to show ${words}`,
      async () => {
        const screen = await this.screen();
        // Without the colours, which may stand between the words.
        return plain(screen).match(words) !== null && screen;
      },
      { timeoutMs: 60_000, lastSeen: () => this.screen() },
    );
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('tmux', ['-S', this.#socket, ...args], { env: this.#environment });
    return stdout;
  }
}

function plain(screen: string): string {
  // eslint-disable-next-line no-control-regex -- what a terminal is told
  return screen.replaceAll(/\x1b\[[\d;]*m/g, '');
}

describe.skipIf(!hasTmux)('a terminal', () => {
  test('check is coloured, unless NO_COLOR or --no-color says otherwise', async () => {
    const { rook } = await cluster().installRookWithAssignment({ version: '1.17.9' });
    const terminal = await Terminal.open(plugin.environment);
    await terminal.type(`clear; kubectl csiports check -n ${rook.namespace}; echo ended with $?`);
    expect(await terminal.waitFor('ended with 1')).toContain(COLOUR);
    for (const line of [`NO_COLOR=1 kubectl csiports check -n`, `kubectl csiports check --no-color -n`]) {
      await terminal.type(`clear; ${line} ${rook.namespace}; echo ended again with $?`);
      const screen = await terminal.waitFor('ended again with 1');
      expect(screen).not.toContain(COLOUR);
      await terminal.type('clear; echo cleared');
      await terminal.waitFor(/^cleared/m);
    }
  });

  test('status --watch redraws what changes, and Ctrl-C ends it at once and leaves the terminal as it was', async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' }, { mode: 'Paused' });
    await cluster().startOperator();
    await assignment.waitForReason('Ready', 'Paused');
    const terminal = await Terminal.open(plugin.environment);
    await terminal.type('echo before the watch');
    await terminal.type(`kubectl csiports status -n ${rook.namespace} --watch; echo ended with $?`);
    expect(plain(await terminal.waitFor('Paused'))).not.toContain('before the watch');
    await assignment.edit({ mode: 'Enforce' });
    await terminal.waitFor('PortsAssigned');
    await terminal.press('C-c');
    const screen = await terminal.waitFor('ended with 130');
    expect(screen).toContain('before the watch');
  });
});

describe('pipes', () => {
  test('no colour, but by --color=always', async () => {
    const { rook } = await cluster().installRookWithAssignment({ version: '1.17.9' });
    const check = ['check', '-n', rook.namespace];
    expect((await plugin.run(check)).stdout).not.toContain(COLOUR);
    expect((await plugin.run([...check, '--color=always'])).stdout).toContain(COLOUR);
    expect((await plugin.run([...check, '--color=always', '-o', 'json'])).stdout).not.toContain(COLOUR);
  });

  test('a reader that ends first is no error', async () => {
    await cluster().installRookWithAssignment({ version: '1.17.9' });
    for (const line of ['kubectl csiports explain | head -1', 'kubectl csiports check -o json | head -1']) {
      const { stdout, stderr } = await plugin.shell(line);
      expect(stdout.split('\n')).toHaveLength(2);
      expect(stderr).toBe('');
    }
  });

  test('status --watch prints what has changed, and a signal ends it', async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
    const watch = plugin.shell(`timeout --signal=INT 12 kubectl csiports status -n ${rook.namespace} --watch -o json`);
    await cluster().startOperator();
    await assignment.waitUntilAssigned();
    const { code, stdout, stderr } = await watch;
    // Of timeout, which has sent the signal.
    expect({ code, stderr }).toEqual({ code: 124, stderr: '' });
    const documents = stdout.split(/(?<=^\}\n)/m).map((text) => JSON.parse(text) as object);
    expect(documents.length).toBeGreaterThan(1);
    expect(new Set(documents.map((document) => JSON.stringify(document))).size).toBe(documents.length);
  });
});

describe('files', () => {
  async function folder(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'plugin-files-'));
    onTestFinished(() => rm(path, { recursive: true }));
    for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
    return path;
  }

  test('that kubectl wrote, by name, in a folder and on stdin, give the answer of the cluster', async () => {
    const { rook } = await cluster().installRookWithAssignment({ version: '1.17.9' });
    // A dump with pods of one namespace alone is taken for incomplete.
    const stranger = await Holder.start(cluster().controlPlane, { kind: 'Pod', port: 12_345 });
    onTestFinished(() => stranger.remove());
    const live = await plugin.document('check', ['-n', rook.namespace]);
    const path = await folder({});
    const kinds = 'deployments daemonsets configmaps pods csiportassignments';
    const dumps = `for kind in ${kinds}; do kubectl get $kind -A -o yaml --show-managed-fields > ${path}/$kind.yaml; done`;
    expect((await plugin.shell(dumps)).stderr).toBe('');
    const files = kinds.split(' ').flatMap((kind) => ['-f', join(path, `${kind}.yaml`)]);
    for (const args of [files, ['-f', path]]) {
      const { code, document } = await plugin.document('check', ['-n', rook.namespace, ...args]);
      expect(code).toBe(live.code);
      expect({ ...document, source: '' }).toEqual({ ...live.document, source: '' });
    }
    const all = `kubectl get ${kinds.replaceAll(' ', ',')} -A -o json --show-managed-fields`;
    const piped = await plugin.shell(`${all} | kubectl csiports check -n ${rook.namespace} -o json -f -`);
    expect({ ...(JSON.parse(piped.stdout) as object), source: '' }).toEqual({ ...live.document, source: '' });
  });

  test.each<[string, string | Buffer]>([
    ['empty', ''],
    ['bad YAML', 'kind: List\nitems: [\n  - a: }\n'],
    ['cut JSON', '{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod"'],
    ['no objects', 'hello: world\n'],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff, 0xfe, 0x80])],
  ])('%s: exit code 3 and one line', async (what, content) => {
    const file = join(await folder({ 'dump.yaml': content }), 'dump.yaml');
    for (const command of ['check', 'plan', 'status']) {
      const { code, stdout, stderr } = await plugin.run([command, '-f', file]);
      expect({ what, code, stdout }).toEqual({ what, code: 3, stdout: '' });
      expect(stderr).toMatch(/^kubectl csiports: .*dump\.yaml.*\n$/);
    }
  });

  test('one that is not there', async () => {
    const { code, stderr } = await plugin.run(['check', '-f', '/nowhere.yaml']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^kubectl csiports: \/nowhere\.yaml.*\n$/);
  });
});

describe('completion', () => {
  /** What bash offers for the words, the last of which is being typed. */
  async function completedByBash(...words: string[]): Promise<string[]> {
    const script = [
      'source <(kubectl-csiports completion bash)',
      `COMP_WORDS=(kubectl-csiports ${words.map((word) => `'${word}'`).join(' ')})`,
      'COMP_CWORD=$((${#COMP_WORDS[@]} - 1))',
      '_kubectl_csiports',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const { stdout, stderr } = await plugin.shell(script.join('\n'));
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  }

  test('bash loads the script and asks the plugin', async () => {
    expect(await completedByBash('ch')).toEqual(['check']);
    expect(await completedByBash('explain', 'PortI')).toEqual(['PortInUse']);
    expect(await completedByBash('check', '--color', '=', 'a')).toEqual(['auto', 'always']);
    expect(await completedByBash('check', '--wat')).toEqual(['']);
  });

  test('kubectl itself finds its helper on the PATH', async () => {
    const { stdout } = await plugin.shell("kubectl __complete csiports ''");
    for (const command of ['check', 'plan', 'status', 'explain', 'doctor', 'completion'])
      expect(stdout).toMatch(new RegExp(`^${command}\t`, 'm'));
    expect((await plugin.shell('kubectl __complete csiports explain PortI')).stdout).toMatch(/^PortInUse/);
  });

  test.each(['zsh', 'fish'])('%s reads its script without an error', async (shell) => {
    if (spawnSync(shell, ['--version']).status !== 0) {
      console.log(`skipped: ${shell} is not installed`);
      return;
    }
    const check = shell === 'zsh' ? 'zsh -n' : 'fish --no-execute';
    const { code, stderr } = await plugin.shell(`${check} <(kubectl csiports completion ${shell})`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
