import { hostNameProblem } from '#spec/host-name.ts';
import type { IngressModel, IngressTls } from '#spec/ingress-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { integerOf } from './values.ts';

/** An entry of `x-ballast.ingress`, and where it was written. */
export interface WrittenIngress {
  readonly entry: IngressModel;
  readonly tree: Tree;
}

/** All entries of a service. Those that lack what is required were complained of by the table. */
export function ingressOf(
  scope: ServiceScope,
  networkMode: ServiceModel['networkMode'],
): readonly WrittenIngress[] {
  const written = at(scope, 'x-ballast', 'ingress');
  if (written === undefined) return [];
  if (networkMode !== 'bridge') {
    complain(scope, 'conflict', written, {
      what: `x-ballast.ingress has no place beside network_mode: ${networkMode}`,
      why: 'ingress leads to the address of a container, and it has none of its own',
      fix:
        networkMode === 'service' ? 'write it at the service whose network it shares' : 'remove one of them',
    });
  }
  const items = written.kind === 'list' ? itemsOf(written) : [written];
  return items.flatMap((tree) => {
    const entry = tree.kind === 'mapping' ? entryOf(scope, tree) : undefined;
    return entry === undefined ? [] : [{ entry, tree }];
  });
}

function entryOf(scope: ServiceScope, tree: Tree): IngressModel | undefined {
  const hosts = hostsOf(scope, tree, 'host');
  const redirectFrom = hostsOf(scope, tree, 'redirect_from');
  const port = integerOf(get(tree, 'port'));
  const tls = tlsOf(scope, get(tree, 'tls'));
  checkNames(scope, tree, { hosts, redirectFrom, tls });
  if (hosts.length === 0 || port === undefined) return undefined;
  const asked = booleanOf(get(tree, 'redirect'));
  if (tls.kind === 'off' && asked === true) {
    complain(scope, 'conflict', get(tree, 'redirect'), {
      what: 'x-ballast.ingress: redirect: true has no place beside tls: off',
      why: 'there is no HTTPS to send anybody to',
      fix: 'remove one of them',
    });
  }
  return {
    hosts,
    pathPrefix: prefixOf(textOf(get(tree, 'path_prefix'))),
    port,
    tls,
    redirect: tls.kind !== 'off' && (asked ?? true),
    redirectFrom,
  };
}

/** `/api/` and `/api` are the same prefix. */
const prefixOf = (text = '/'): string => text.replace(/\/+$/, '') || '/';

function hostsOf(scope: ServiceScope, tree: Tree, key: 'host' | 'redirect_from'): readonly string[] {
  return itemsOf(get(tree, key)).flatMap((item) => {
    const text = textOf(item);
    if (text === undefined) return [];
    const name = text.toLowerCase().replace(/\.$/, '');
    const why = hostNameProblem(name);
    if (why === undefined) return [name];
    complain(scope, 'bad-host', item, {
      what: `x-ballast.ingress: ${JSON.stringify(text)} is no host name`,
      why,
      fix: 'for example guestbook.example.com',
    });
    return [];
  });
}

function tlsOf(scope: ServiceScope, tree: Tree | undefined): IngressTls {
  if (tree?.kind === 'mapping') {
    const [cert = '', key = ''] = ['cert', 'key'].map((name) => knownSecret(scope, get(tree, name)));
    return { kind: 'given', cert, key };
  }
  const text = textOf(tree);
  return { kind: text === 'auto' || text === 'off' ? text : 'internal' };
}

function knownSecret(scope: ServiceScope, tree: Tree | undefined): string | undefined {
  const name = textOf(tree);
  if (name === undefined || get(scope.root, 'secrets', name) !== undefined) return name;
  complain(scope, 'undefined-secret', tree, {
    what: `x-ballast.ingress names the secret ${name}, which the app does not have`,
    fix: `add it at the end of the file: secrets: { ${name}: { external: true } }`,
  });
  return name;
}

function checkNames(
  scope: ServiceScope,
  tree: Tree,
  { hosts, redirectFrom, tls }: Pick<IngressModel, 'hosts' | 'redirectFrom' | 'tls'>,
): void {
  const [first] = hosts;
  if (redirectFrom.length > 0 && first?.startsWith('*.')) {
    complain(scope, 'conflict', get(tree, 'redirect_from'), {
      what: `x-ballast.ingress: nobody can be sent to ${first}`,
      why: 'it stands for many names',
      fix: 'write the name to send them to first',
    });
  }
  const many =
    tls.kind === 'auto' ? [...hosts, ...redirectFrom].find((name) => name.startsWith('*.')) : undefined;
  if (many !== undefined) {
    complain(scope, 'conflict', get(tree, 'tls') ?? tree, {
      what: `x-ballast.ingress: there is no certificate by ACME for ${many}`,
      why: 'it would have to be proven through DNS, which Ballast does not write',
      fix: 'name the hosts one by one, or give a certificate: tls: { cert: SECRET, key: SECRET }',
    });
  }
}
