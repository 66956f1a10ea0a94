import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { command } from '#cli/command.ts';
import { type Context, readContexts, saveContext } from '#cli/context-file.ts';
import { readAll } from '#cli/read-input.ts';
import { line, type Shell } from '#cli/shell.ts';

export const contextAdd = command({
  details: `The server writes admin.json when it is first started: with it one may do everything on the fleet. Keep it
as you would a private key. The context is kept in ~/.config/ballast/config.yaml, readable by you alone.`,
  args: [{ name: 'NAME', summary: 'what to call the fleet here' }],
  flags: {
    from: {
      kind: 'text',
      value: 'FILE',
      summary: 'admin.json of the server (- is stdin)',
      completes: 'file',
    },
    server: {
      kind: 'text',
      value: 'URL',
      summary: 'https://HOST:PORT, if it differs from the file or there is none',
    },
    ca: {
      kind: 'text',
      value: 'FILE',
      summary: 'certificate authority of the fleet, PEM',
      completes: 'file',
    },
    cert: { kind: 'text', value: 'FILE', summary: 'your certificate, PEM', completes: 'file' },
    key: { kind: 'text', value: 'FILE', summary: 'its private key, PEM', completes: 'file' },
    'token-file': {
      kind: 'text',
      value: 'FILE',
      summary: 'file with a token, instead of a certificate',
      completes: 'file',
    },
    use: { kind: 'switch', summary: 'talk to it from now on' },
  },
  examples: [
    { does: 'From the file the server wrote', line: 'ballast context add prod --from admin.json --use' },
    {
      does: 'From another machine',
      line: 'ssh root@server cat /var/lib/ballast/admin.json | ballast context add prod --from -',
    },
  ],
  async run({ flags, args: [name = ''] }, shell) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
      throw new BallastError('usage', `"${name}" cannot be the name of a context`, {
        fix: 'use letters, digits, dots, dashes and underscores, for example prod',
      });
    }
    const read = async (file: string | undefined): Promise<string | undefined> =>
      file === undefined ? undefined : await readFile(resolve(shell.cwd, file), 'utf8');
    const base = flags.from === undefined ? {} : await readAdminFile(flags.from, shell);
    const token = (await read(flags['token-file']))?.trim() ?? base.token;
    const given = {
      server: flags.server ?? base.server,
      ca: (await read(flags.ca)) ?? base.ca,
      cert: (await read(flags.cert)) ?? base.cert,
      key: (await read(flags.key)) ?? base.key,
      token,
    };
    const context = checked(name, given);
    const before = await readContexts(shell);
    await saveContext(shell, context, flags.use);
    if (flags.quiet) return 0;
    line(shell.err, `Context ${name} is ${before.contexts[name] ? 'replaced' : 'added'}: ${context.server}`);
    if (flags.use || before.current === undefined)
      line(shell.err, `Now talking to ${name}. Try: ballast status`);
    else line(shell.err, `Use it with: ballast context use ${name}`);
    return 0;
  },
});

type Parts = { readonly [K in 'server' | 'ca' | 'cert' | 'key' | 'token']?: string | undefined };

function checked(name: string, { server, ca, cert, key, token }: Parts): Context {
  const missing = (what: string): BallastError =>
    new BallastError('usage', `context ${name} needs ${what}`, {
      fix: `give it all at once: ballast context add ${name} --from admin.json`,
    });
  if (server === undefined) throw missing('the address of the server');
  if (!/^https:\/\/[^/]+\/?$/.test(server)) {
    throw new BallastError('usage', `"${server}" is no address of a server`, {
      fix: 'write it as https://HOST:PORT',
    });
  }
  if (ca === undefined) throw missing("the fleet's certificate authority");
  if (token === undefined && cert === undefined) throw missing('a certificate or a token');
  if ((cert === undefined) !== (key === undefined)) throw missing('certificate and key together');
  return {
    name,
    server: server.replace(/\/$/, ''),
    ca,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
  };
}

async function readAdminFile(file: string, shell: Shell): Promise<Parts> {
  const text =
    file === '-' ? await readAll(shell, 1 << 20) : await readFile(resolve(shell.cwd, file), 'utf8');
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
      return Object.fromEntries(Object.entries(data).filter((entry) => typeof entry[1] === 'string'));
    }
  } catch {
    // said below
  }
  throw new BallastError('bad-file', `${file === '-' ? 'standard input' : file} is no admin file`, {
    why: 'it must be a JSON object with server, ca, and cert and key or token',
    fix: 'take the admin.json that ballast server wrote',
  });
}
