import { must } from '#base/assert.ts';
import { digestOf } from '#base/digest.ts';

export const baseImageNames = ['debian:trixie', 'python:trixie', 'postgres:17'] as const;
export type BaseImageName = (typeof baseImageNames)[number];

/** How a base image is made: from packages alone, or by a Containerfile on another base image. */
export interface Recipe {
  readonly name: BaseImageName;
  readonly from?: BaseImageName;
  readonly containerfile: string;
  /** Arguments of mmdebstrap; the tree it makes is `base.tar` to the Containerfile. */
  readonly mmdebstrap?: readonly string[];
}

export const imageName = (name: BaseImageName): string => `localhost/ballast/${name}`;

/** Files that nobody reads in a container. dpkg leaves them out in images built on this one, too. */
const excluded = ['/usr/share/doc/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/man/*'];

const debian: Recipe = {
  name: 'debian:trixie',
  mmdebstrap: [
    '--variant=apt',
    '--aptopt=APT::Install-Recommends "false"',
    '--dpkgopt=force-unsafe-io',
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
    'trixie',
  ],
  containerfile: 'FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n',
};

const clean = 'rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*';

const python: Recipe = {
  name: 'python:trixie',
  from: 'debian:trixie',
  containerfile: `FROM ${imageName('debian:trixie')}
RUN export DEBIAN_FRONTEND=noninteractive \\
 && apt-get -q update && apt-get -qy install python3 python3-psycopg2 \\
 && ${clean}
CMD ["/usr/bin/python3"]
`,
};

/**
 * Without the compiler that PostgreSQL may use for long queries (it does without when its file is absent), and
 * without Perl, which only Debian's wrappers want: two thirds of what the packages hold.
 */
const unusedByPostgres = [
  '/usr/lib/*/libLLVM*',
  '/usr/lib/*/libz3*',
  '/usr/lib/llvm-*',
  '/usr/lib/postgresql/17/lib/bitcode/*',
  '/usr/lib/postgresql/17/lib/llvmjit*',
  '/usr/share/i18n/*',
];

const postgres: Recipe = {
  name: 'postgres:17',
  from: 'debian:trixie',
  containerfile: `FROM ${imageName('debian:trixie')}
RUN export DEBIAN_FRONTEND=noninteractive \\
 && printf 'path-exclude=%s\\n' ${unusedByPostgres.map((path) => `'${path}'`).join(' ')} > /etc/dpkg/dpkg.cfg.d/postgres \\
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \\
 && apt-get -q update && apt-get -qy install postgresql-17 \\
 && rm -rf /usr/share/perl /usr/lib/*/perl /usr/lib/*/libperl* /usr/share/icu \\
 && ${clean}
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
STOPSIGNAL SIGINT
`,
};

const recipes: readonly Recipe[] = [debian, python, postgres];

export const recipeOf = (name: BaseImageName): Recipe =>
  must(
    recipes.find((recipe) => recipe.name === name),
    name,
  );

/** Stands for all that makes an image what it is: another recipe, another image. */
export const recipeDigest = (name: BaseImageName): string => {
  const recipe = recipeOf(name);
  return digestOf([recipe, recipe.from === undefined ? null : recipeDigest(recipe.from)]);
};
