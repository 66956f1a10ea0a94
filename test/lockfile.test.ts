import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};

/** The entry that a package at `from` gets when it asks for `name`. */
function resolve(from: string, name: string): Locked | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`];
    if (found || at === '') return found;
  }
}

// A registry that does not serve every platform's packages leaves them out of the lock file when it is written, and
// then `npm ci` refuses it everywhere, without having anything to fetch.
test('the lock file has an entry for every package that another names, for other platforms too', () => {
  const missing = Object.entries(packages).flatMap(([at, { dependencies, optionalDependencies }]) =>
    Object.entries({ ...dependencies, ...optionalDependencies })
      .filter(([name, wanted]) => {
        const found = resolve(at, name)?.version;
        return found === undefined || (/^\d/.test(wanted) && found !== wanted);
      })
      .map(([name, wanted]) => `${at} needs ${name} ${wanted}`),
  );
  expect(missing).toEqual([]);
});
