import { access, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { command } from '#cli/command.ts';
import { line, type Shell } from '#cli/shell.ts';

export const init = command({
  details:
    'Never writes over a file. A Containerfile or Dockerfile here is built; otherwise an image is named.',
  args: [],
  flags: { fleet: { kind: 'switch', summary: 'write fleet.yaml, the description of the machines, instead' } },
  examples: [
    { does: 'Begin an app', line: 'ballast init && ballast validate' },
    { does: 'Begin a fleet', line: 'ballast init --fleet' },
  ],
  async run({ flags }, shell) {
    const name = flags.fleet ? 'fleet.yaml' : 'compose.yaml';
    const text = flags.fleet ? fleetFile(shell) : await composeFile(shell);
    try {
      await writeFile(join(shell.cwd, name), text, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new BallastError('bad-file', `${name} is already here`, {
        fix: `check it: ballast validate${flags.fleet ? ` -f ${name}` : ''}`,
      });
    }
    if (flags.quiet) return 0;
    line(shell.err, `${shell.err.marks.done} ${name} is written. Next:`);
    const next = flags.fleet
      ? ['edit it', `ballast validate -f ${name}`, `ballast deploy -f ${name}`]
      : ['edit it', 'ballast validate', 'ballast plan', 'ballast deploy'];
    for (const text of next) line(shell.err, `    ${text}`);
    return 0;
  },
});

async function composeFile({ cwd }: Shell): Promise<string> {
  const app = nameOf(cwd);
  const builds = (await isThere(join(cwd, 'Containerfile'))) || (await isThere(join(cwd, 'Dockerfile')));
  return `# An app of Ballast, in Compose's own words: the same file runs with docker compose or podman compose.
name: ${app}
services:
  web:
    ${builds ? 'build: .' : 'image: docker.io/library/nginx:1'}
    ports: ["8080:${builds ? '8080' : '80'}"]
    deploy:
      replicas: 2
      resources:
        limits: { cpus: "0.5", memory: 128M }
        reservations: { memory: 64M }
      update_config: { order: start-first, failure_action: rollback, monitor: 5s }
    # What Compose has no word for. This path is asked from outside the container: 2xx means healthy.
    x-ballast:
      health: { path: /, port: ${builds ? '8080' : '80'} }
`;
}

function fleetFile({ cwd }: Shell): string {
  return `# The machines that apps run on.
fleet: ${nameOf(cwd)}
machines:
  # One that is there already and can be reached with ssh as root:
  app-1: { provider: ssh, address: root@192.0.2.10, labels: { zone: a } }
  # Or machines that Ballast makes on the computer the server runs on:
  # app: { provider: local, count: 3, size: { cpus: 2, memory: 2G } }
`;
}

function nameOf(cwd: string): string {
  const name = basename(cwd)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  return name === '' ? 'app' : name;
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
