import { BallastError } from '#base/errors.ts';
import type { FirewallResource } from '#compile/manifest.ts';
import type { NftObject } from '#compile/nft/objects.ts';
import { tableChange, tableText } from '#compile/nft/text.ts';
import type { Observed } from '#converge/fields.ts';
import { placeOf, textDigest } from '#converge/kinds.ts';
import { exec, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';

/**
 * nftables tables, changed in one transaction. What nft prints is not what it was given, so the digest of what it
 * printed right after a change is noted: whatever it prints otherwise later was changed by someone else, and then the
 * whole table is put anew. Else only what differs is touched, as long as this program knows what it gave.
 */
export function createFirewalls({ signal }: HostContext): Facility<FirewallResource> {
  const known = new Map<string, readonly NftObject[]>();
  const list = async ({ family, table }: FirewallResource): Promise<string | null> => {
    // Stateless: counters and timeouts change by themselves.
    const { code, stdout } = await exec(['nft', '--stateless', 'list', 'table', family, table], { signal });
    return code === 0 ? stdout : null;
  };
  return {
    async observe(resources, ledger) {
      const seen = new Map<string, Observed>();
      for (const resource of resources) {
        const place = placeOf(resource);
        const listed = await list(resource);
        const [given, printed] = (ledger[place]?.note ?? '').split(' ');
        const untouched = listed !== null && given !== undefined && printed === textDigest(listed);
        if (!untouched) known.delete(place);
        if (listed === null) continue;
        seen.set(resource.id, { fields: { rules: untouched ? given : 'changed by another hand' } });
      }
      return seen;
    },
    async apply({ action, resource }) {
      const { family, table, objects } = resource;
      const place = placeOf(resource);
      const before = known.get(place);
      known.delete(place);
      const whole = tableText(resource);
      const input =
        action === 'delete'
          ? `table ${family} ${table}\ndelete table ${family} ${table}\n`
          : ((before && tableChange(before, resource)) ?? whole);
      const { code, stderr } = await exec(['nft', '-f', '-'], { input, signal });
      if (code !== 0) {
        throw new BallastError('command-failed', `nft refused the table ${family} ${table}`, {
          log: tail(stderr),
        });
      }
      if (action === 'delete') return undefined;
      const note = `${textDigest(whole)} ${textDigest((await list(resource)) ?? '')}`;
      known.set(place, objects);
      return note;
    },
  };
}
