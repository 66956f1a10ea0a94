import { exec } from './exec.ts';

/**
 * Makes the kernel forget connections that lead to an address, or to a network. What is sent on one of them is then led on
 * anew: who waits for an answer from nobody is refused at once, or answered by somebody else.
 */
export async function forgetConnections(
  to: string,
  { protocol }: { readonly protocol?: 'udp' } = {},
): Promise<void> {
  // Its exit code is 1 when there is none, which is as good.
  await exec(['conntrack', '-D', ...(protocol ? ['-p', protocol] : []), '-r', to], { timeoutMs: 10_000 });
}
