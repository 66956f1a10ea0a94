import type { Connection } from '#wire/connection.ts';
import { identityOfUser } from './identities.ts';
import { type Authority, lifeOf } from './pki/authority.ts';
import { readText, writePrivate } from './private-file.ts';
import type { FleetState } from './state.ts';

/** The first user, who may do everything. */
const admin = 'admin';

/** Keeps the file with which `ballast context add` reaches this server; makes it anew when it got old or wrong. */
export async function keepAdminFile(
  path: string,
  server: string,
  { state, authority }: { readonly state: FleetState; readonly authority: Authority },
): Promise<void> {
  const identity = await identityOfUser(state, admin);
  const there = read(await readText(path));
  const ca = authority.certificate;
  const good = there?.cert !== undefined && there.ca === ca && lifeOf(there.cert).halfAt > state.now();
  if (good && there.server === server) return;
  const pair = good ? { certificate: there.cert, key: there.key } : await authority.forUser(admin, identity);
  const connection: Connection = {
    ...{ server, ca, cert: pair.certificate },
    ...(pair.key === undefined ? {} : { key: pair.key }),
  };
  await writePrivate(path, `${JSON.stringify(connection, null, 2)}\n`);
}

function read(text: string | undefined): Connection | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Connection;
  } catch {
    return undefined; // damaged: it is only a copy and is made anew
  }
}
