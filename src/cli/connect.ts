import { type Client, createClient } from '#wire/client.ts';
import { type Context, chosenContext, readContexts } from './context-file.ts';
import type { Shell } from './shell.ts';

/** A client for the chosen fleet. Connects only when it is first asked something. */
export async function connect(
  flags: { readonly context: string | undefined },
  shell: Shell,
): Promise<Client> {
  return clientOf(chosenContext(await readContexts(shell), flags.context, shell));
}

export function clientOf({ name, ...context }: Context): Client {
  return createClient({ ...context, label: `context ${name}` });
}
