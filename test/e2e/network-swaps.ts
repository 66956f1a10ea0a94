import { readFileSync } from 'node:fs';
import { must } from '#base/assert.ts';
import { firewallId } from '#compile/firewall.ts';
import type { FirewallResource, Manifest } from '#compile/manifest.ts';
import { withoutDown } from '#converge/liveness/without-down.ts';
import { createFirewalls } from '#host/firewall.ts';

// To be started inside a machine's network: MANIFEST TIMES ADDRESS… Leads connections to ever other choices of the
// addresses, by the very code that the agent uses, and prints how many ms a change takes.
const [file = '', times = '', ...addresses] = process.argv.slice(2);
const { manifest } = JSON.parse(readFileSync(file, 'utf8')) as { readonly manifest: Manifest };
const firewalls = createFirewalls({
  ...{ signal: AbortSignal.timeout(10 * 60_000), stateDir: '' },
  ...{ secret: () => undefined, progress: () => {} },
});
const began = performance.now();
for (let turn = 1; turn <= Number(times); turn += 1) {
  // Every choice but none, one after the other.
  const choice = (turn % (2 ** addresses.length - 1)) + 1;
  const out = new Set(addresses.filter((_, n) => (choice & (1 << n)) === 0));
  const next = withoutDown(manifest, (address) => (out.has(address) ? 'gone' : undefined));
  const resource = next.resources.find((one): one is FirewallResource => one.id === firewallId);
  await firewalls.apply({
    ...{ key: firewallId, action: 'update', resource: must(resource, firewallId), changes: [] },
    ...{ cause: 'intentional', before: null, waitsFor: [] },
  });
}
process.stdout.write(`${(performance.now() - began) / Number(times)}`);
