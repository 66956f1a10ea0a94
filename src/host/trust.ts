import { readFile, realpath } from 'node:fs/promises';
import type { TrustResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { textDigest } from '#converge/kinds.ts';
import { removeFile, writeAtomic } from './atomic.ts';
import { batch } from './batch.ts';
import { run } from './exec.ts';
import type { Facility } from './facility.ts';

const bundle = '/etc/ssl/certs/ca-certificates.crt';
const pathOf = (name: string): string => `/usr/local/share/ca-certificates/ballast-${name}.crt`;

/** Authorities in the bundle that the machine's own programs read. Changes that come together make it once. */
export function createTrust(): Facility<TrustResource> {
  const update = batch<null>(async () => void (await run(['update-ca-certificates'])), 20);
  return {
    async observe(resources) {
      if (resources.length === 0) return new Map();
      const trusted = withoutBreaks(await readFile(bundle, 'utf8').catch(() => ''));
      const seen = new Map<string, Observed>();
      for (const { id, name } of resources) {
        const found = await readFile(pathOf(name), 'utf8').catch(() => null);
        if (found === null) continue;
        const isTrusted = trusted.includes(withoutBreaks(found));
        seen.set(id, { fields: { certificate: isTrusted ? textDigest(found) : 'not in the bundle' } });
      }
      return seen;
    },
    async apply({ action, resource: { name, certificate } }) {
      if (action === 'delete') await removeFile(pathOf(name));
      else {
        await writeAtomic(pathOf(name), certificate, { mode: 0o644 });
        // To make the bundle takes seconds: it is left alone when this was no part of what was changed.
        if (await isTrusted(name, certificate)) return undefined;
      }
      await update(null);
      return undefined;
    },
  };
}

/** By those who read the bundle, and by those who find it by its link. */
async function isTrusted(name: string, certificate: string): Promise<boolean> {
  const linked = await realpath(`/etc/ssl/certs/ballast-${name}.pem`).catch(() => '');
  const trusted = await readFile(bundle, 'utf8').catch(() => '');
  return linked === pathOf(name) && withoutBreaks(trusted).includes(withoutBreaks(certificate));
}

const withoutBreaks = (pem: string): string => pem.replaceAll(/\s/g, '');
