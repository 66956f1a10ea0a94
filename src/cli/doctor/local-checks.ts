import { stat } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import { type ContextFile, readContexts } from '#cli/context-file.ts';
import type { Shell } from '#cli/shell.ts';
import { versionText } from '#cli/version.ts';
import { exec } from '#host/exec.ts';
import type { Check } from './check.ts';

interface Tool {
  readonly argv: readonly string[];
  readonly needed: string;
  readonly package: string;
}

const tools: readonly Tool[] = [
  { argv: ['buildah', '--version'], needed: 'deploy builds images with it', package: 'buildah' },
  { argv: ['skopeo', '--version'], needed: 'deploy copies images with it', package: 'skopeo' },
  { argv: ['ssh', '-V'], needed: 'machine add reaches machines with it', package: 'openssh-client' },
];

const group = 'This machine';

/** This machine: the tools that commands call, and the file that holds the contexts. */
export async function localChecks(shell: Shell): Promise<readonly Check[]> {
  const found = await Promise.all(tools.map(checkTool));
  return [
    { group, ok: true, what: `ballast ${versionText()}, Node ${process.version}` },
    ...found,
    await checkFile(shell),
  ];
}

async function checkTool({ argv, needed, package: name }: Tool): Promise<Check> {
  try {
    const { stdout, stderr } = await exec(argv, { timeoutMs: 10_000 });
    const [first = ''] = (stdout.trim() || stderr.trim()).split('\n');
    return { group, ok: true, what: first.startsWith(argv[0] ?? '') ? first : `${argv[0]}: ${first}` };
  } catch (error) {
    const missing = error instanceof BallastError && error.code === 'missing-tool';
    const what = `${argv[0]} ${missing ? 'is not installed' : 'does not work'}: ${needed}`;
    return { group, ok: false, what, fix: `apt-get install ${name}` };
  }
}

async function checkFile(shell: Shell): Promise<Check> {
  let file: ContextFile;
  try {
    file = await readContexts(shell);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { group, ok: false, what, fix: 'mend the file, or remove it and add the contexts anew' };
  }
  const names = Object.keys(file.contexts);
  if (names.length === 0) {
    return {
      group,
      ok: false,
      what: `${file.path} has no contexts`,
      fix: 'add one: ballast context add NAME --from admin.json',
    };
  }
  const { mode } = await stat(file.path);
  if ((mode & 0o077) !== 0) {
    const what = `${file.path} can be read by others, and it holds keys`;
    return { group, ok: false, what, fix: `chmod 600 ${file.path}` };
  }
  return { group, ok: true, what: `${file.path} is readable by you alone and has ${names.join(', ')}` };
}
