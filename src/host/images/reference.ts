import { sha256Hex } from '#base/digest.ts';
import { fail, ok, type Result } from '#base/result.ts';

/** Where an image is: `docker.io/library/postgres:17` and the like, with nothing left out. */
export interface Reference {
  /** `docker.io`, `registry.example.com:5000`, `localhost`. */
  readonly host: string;
  readonly path: string;
  /** Absent when a digest is given. */
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads an image name as Docker does: `postgres` is `docker.io/library/postgres:latest`; the first part is a host
 * when it holds a dot or a colon or is `localhost`. A digest outranks a tag given with it.
 */
export function parseReference(text: string): Result<Reference> {
  const bad = (what: string, fix: string) => fail({ code: 'image-name', what, fix });
  const [name = '', digest, ...rest] = text.split('@');
  if (rest.length > 0 || (digest !== undefined && !digestPattern.test(digest))) {
    return bad(`${text} holds no valid digest`, 'write it as name@sha256:<64 hex digits>');
  }
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const tag = tagged ? name.slice(colon + 1) : 'latest';
  const { host, path } = splitHost(tagged ? name.slice(0, colon) : name);
  if (!pathPattern.test(path)) {
    return bad(
      `${text} is no image name`,
      'image names are lower-case letters, digits, dots, dashes and slashes',
    );
  }
  if (!tagPattern.test(tag)) return bad(`${text} has no valid tag`, 'tags are letters, digits, _ . and -');
  return ok({ host, path, ...(digest === undefined ? { tag } : { digest }) });
}

export function showReference({ host, path, tag, digest }: Reference): string {
  return `${host}/${path}${digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`}`;
}

/** The path under which the fleet's registry keeps a copy of an image from elsewhere. */
export function mirrorPath({ host, path }: Reference): string {
  return `mirror/${repositoryPart(host)}/${path}`;
}

/**
 * A name of an app or a service as part of a repository path. Registries allow less than Compose does; a name
 * that has to be changed gets a digest of itself, so that two names never share a repository.
 */
export function repositoryPart(name: string): string {
  if (new RegExp(`^${part}$`).test(name)) return name;
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${plain || 'x'}-${sha256Hex(name).slice(0, 6)}`;
}

function splitHost(name: string): { host: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? name.slice(slash + 1) : name;
  if (host === 'docker.io' || host === 'index.docker.io') {
    return { host: 'docker.io', path: path.includes('/') ? path : `library/${path}` };
  }
  return { host, path };
}
