import { resolvePath } from '#base/path.ts';
import { present } from '#base/present.ts';
import { acmeDirectoryDefault, type FleetIngressModel } from '#spec/ingress-model.ts';
import type { Problems } from '#spec/problems.ts';
import type { Shape } from '#spec/table/shape.ts';
import { honoured, matching, object } from '#spec/table/shape.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, textOf } from '#spec/yaml/tree.ts';

/** Every key of `ingress` of the fleet file. */
export const fleetIngressShape: Shape = object({
  acme: honoured(
    object(
      {
        directory: honoured(matching(/^https:\/\/\S+$/, 'https://…'), 'URL of the authority’s directory', {
          example: 'https://acme.example.com/directory',
          byDefault: acmeDirectoryDefault,
        }),
        email: honoured(
          matching(/^[^\s@]+@[^\s@]+$/, 'an address such as ops@example.com'),
          'told of certificates that are about to end',
          {
            example: 'ops@example.com',
          },
        ),
        ca: honoured(
          matching(/^\S.*$/, 'a file'),
          'PEM file beside the fleet file, of who vouches for the directory’s own certificate',
          { example: 'acme-ca.pem', byDefault: 'those that everybody trusts' },
        ),
      },
      { orNothing: true },
    ),
    'who issues certificates for tls: auto; its terms are agreed to by writing this',
    { example: '{ email: ops@example.com }' },
  ),
});

/** Reads `ingress` of a checked fleet file. */
export function fleetIngressOf(
  tree: Tree,
  { problems, read }: { readonly problems: Problems; readonly read: (path: string) => string | undefined },
): FleetIngressModel | undefined {
  const section = get(tree, 'ingress');
  if (section?.kind !== 'mapping') return undefined;
  const acme = get(section, 'acme');
  if (acme === undefined) return {};
  const directory = textOf(get(acme, 'directory')) ?? acmeDirectoryDefault;
  return {
    acme: present({ directory, email: textOf(get(acme, 'email')), ca: caOf(acme, { problems, read }) }),
  };
}

function caOf(
  acme: Tree,
  { problems, read }: { readonly problems: Problems; readonly read: (path: string) => string | undefined },
): string | undefined {
  const place = get(acme, 'ca');
  const path = textOf(place);
  if (path === undefined) return undefined;
  const text = place === undefined ? undefined : read(resolvePath(place.dir, path));
  if (text?.includes('-----BEGIN CERTIFICATE-----')) return text;
  problems.add(text === undefined ? 'missing-file' : 'bad-value', {
    what: `ingress.acme.ca: the file ${path} ${text === undefined ? 'cannot be read' : 'holds no certificate'}`,
    fix: 'name a PEM file beside the fleet file',
    at: place?.at,
  });
  return undefined;
}
