import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Problem } from '#base/result.ts';
import { coversHost } from '#spec/host-name.ts';
import { namesOf } from '#spec/ingress-model.ts';
import type { AppModel, Origins } from '#spec/model.ts';

export interface GivenApp {
  readonly model: AppModel;
  readonly origins: Origins;
  /** The value of a secret of the app, by its key there; undefined when it is not known here. */
  readonly value: (key: string) => Promise<string | undefined>;
  /** ms since the epoch. */
  readonly now: number;
}

/** What is wrong with the certificates that an app brings along. */
export async function givenProblems({ model, origins, value, now }: GivenApp): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { name, ingress = [] } of Object.values(model.services)) {
    for (const [index, entry] of ingress.entries()) {
      const { tls } = entry;
      if (tls.kind !== 'given') continue;
      const [cert, key] = await Promise.all([value(tls.cert), value(tls.key)]);
      if (cert === undefined || key === undefined) continue;
      const path = `services.${name}.x-ballast.ingress`;
      const at =
        origins[`${path}.${index}.tls`] ??
        origins[`${path}.tls`] ??
        origins[path] ??
        origins[`services.${name}`];
      for (const [what, fix] of judge({ cert, key, names: namesOf(entry), now })) {
        const told = what.replace('CERT', `the secret ${tls.cert}`).replace('KEY', `the secret ${tls.key}`);
        problems.push({
          ...{ code: 'bad-certificate', what: `services.${name}: x-ballast.ingress: ${told}`, fix },
          ...(at ? { at } : {}),
        });
      }
    }
  }
  return problems;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly now: number;
}

/** What is wrong, in words about CERT and KEY, each with what to do. */
function judge({ cert, key, names, now }: Pair): readonly (readonly [what: string, fix: string])[] {
  const found: (readonly [string, string])[] = [];
  const again = 'store another one: ballast secret set';
  const certificate = attempt(() => new X509Certificate(cert));
  const privateKey = attempt(() => createPrivateKey(key));
  if (certificate === undefined)
    found.push(['CERT holds no certificate in PEM', `${again} …, the leaf first`]);
  if (privateKey === undefined) found.push(['KEY holds no private key in PEM without a password', again]);
  if (certificate === undefined) return found;
  if (privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    found.push([
      'the key in KEY is not that of the certificate in CERT',
      'store the two that belong together',
    ]);
  }
  const [begins, ends] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (ends <= now) found.push([`the certificate in CERT expired on ${day(ends)}`, 'store a new one']);
  if (begins > now)
    found.push([`the certificate in CERT is good only from ${day(begins)} on`, 'store one that is good now']);
  const has = (certificate.subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4).toLowerCase()] : []));
  const missing = names.filter((host) => !has.some((pattern) => coversHost(pattern, host)));
  if (missing.length > 0) {
    found.push([
      `the certificate in CERT is for ${has.join(', ') || 'no host name'}, not for ${missing.join(', ')}`,
      'store one for these names, or use another tls for them',
    ]);
  }
  return found;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
