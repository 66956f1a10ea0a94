import { BallastError } from '#base/errors.ts';
import type { FirewallResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { placeOf, textDigest } from '#converge/kinds.ts';
import { exec, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';

/**
 * Whole nftables tables, swapped in one transaction. What nft prints is not what it was given, so the digest of what
 * it printed right after a swap is noted: whatever it prints otherwise later was changed by someone else.
 */
export function createFirewalls({ signal }: HostContext): Facility<FirewallResource> {
  const list = async ({ family, table }: FirewallResource): Promise<string | null> => {
    // Stateless: counters and timeouts change by themselves.
    const { code, stdout } = await exec(['nft', '--stateless', 'list', 'table', family, table], { signal });
    return code === 0 ? stdout : null;
  };
  return {
    async observe(resources, ledger) {
      const seen = new Map<string, Observed>();
      for (const resource of resources) {
        const listed = await list(resource);
        if (listed === null) continue;
        const [given, printed] = (ledger[placeOf(resource)]?.note ?? '').split(' ');
        const untouched = given !== undefined && printed === textDigest(listed);
        seen.set(resource.id, { fields: { rules: untouched ? given : 'changed by another hand' } });
      }
      return seen;
    },
    async apply({ action, resource }) {
      const { family, table, rules } = resource;
      const removal = `table ${family} ${table}\ndelete table ${family} ${table}\n`;
      const input = action === 'delete' ? removal : removal + wholeTable(resource);
      const { code, stderr } = await exec(['nft', '-f', '-'], { input, signal });
      if (code !== 0) {
        throw new BallastError('command-failed', `nft refused the table ${family} ${table}`, {
          log: tail(stderr),
        });
      }
      if (action === 'delete') return undefined;
      return `${textDigest(rules)} ${textDigest((await list(resource)) ?? '')}`;
    },
  };
}

/** Rules may be given with their table around them or without. */
const wholeTable = ({ family, table, rules }: FirewallResource): string =>
  /^\s*table\s/m.test(rules) ? `${rules}\n` : `table ${family} ${table} {\n${rules}\n}\n`;
