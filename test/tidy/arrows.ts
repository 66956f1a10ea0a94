import type { Import } from './scan.ts';

/** Who may import whom, inside `src`. A folder may always import itself. The lint rules state the same again. */
export const arrows = {
  base: [],
  spec: ['base'],
  plan: ['base', 'spec'],
  compile: ['base', 'spec', 'plan'],
  converge: ['base', 'spec', 'plan', 'compile'],
  wire: ['base', 'spec', 'plan', 'compile', 'converge'],
  store: ['base', 'spec', 'plan', 'compile', 'converge'],
  host: ['base', 'spec', 'plan', 'compile', 'converge'],
  // A provider drives the machine it runs on, so it alone of the edges may import another.
  provider: ['base', 'spec', 'plan', 'compile', 'converge', 'host'],
  server: ['base', 'spec', 'plan', 'compile', 'converge', 'wire', 'store', 'host', 'provider'],
  agent: ['base', 'spec', 'plan', 'compile', 'converge', 'wire', 'store', 'host', 'provider'],
  cli: ['base', 'spec', 'plan', 'compile', 'converge', 'wire', 'store', 'host', 'provider'],
} as const satisfies Record<string, readonly string[]>;

export type Folder = keyof typeof arrows;
export const folders = Object.keys(arrows) as readonly Folder[];
export const pureFolders: readonly Folder[] = ['base', 'spec', 'plan', 'compile', 'converge'];

/** Packages the core may use: they compute and do nothing else. */
export const purePackages: Readonly<Partial<Record<Folder, readonly string[]>>> = {
  base: ['@noble/hashes', 'fastest-levenshtein'],
  spec: ['yaml', 'zod'],
};

/** One file of one program may start the others, lazily, so that all three are one executable. */
const dispatcher = { file: 'src/cli/main.ts', may: ['#server/main.ts', '#agent/main.ts'] };
/** A contract suite is test code too, which every implementation of a port runs. */
const testFile = /(\.test|contract)\.ts$/;
const testPackages = ['vitest', 'fast-check'];

/** What is wrong with the imports of `file` (a path under `src/`), one sentence each. */
export function brokenArrows(file: string, imports: readonly Import[]): string[] {
  const folder = file.split('/')[1] as Folder;
  return imports.flatMap(({ from, line, dynamic }) => {
    const why = refusal(file, folder, from, dynamic);
    return why === undefined ? [] : [`${file}:${line} ${why}`];
  });
}

function refusal(file: string, folder: Folder, from: string, dynamic: boolean): string | undefined {
  if (from === '(computed)') return 'imports something that only running it can tell';
  if (from.startsWith('./')) {
    return from.includes('/../') ? `imports ${from}: write #folder/… to leave a folder` : undefined;
  }
  if (from.startsWith('.')) return `imports ${from}: write #folder/… to leave a folder`;
  if (from.startsWith('#')) return crossing(file, folder, from, dynamic);
  return outside(file, folder, from);
}

function crossing(file: string, folder: Folder, from: string, dynamic: boolean): string | undefined {
  const target = from.slice(1).split('/')[0] ?? '';
  if (target === folder) return undefined;
  if (target === 'test') return testFile.test(file) ? undefined : `imports ${from}, which only tests may`;
  if ((arrows[folder] as readonly string[]).includes(target)) return undefined;
  if (file === dispatcher.file && dispatcher.may.includes(from) && dynamic) return undefined;
  return `imports ${from}: ${folder} may import ${arrows[folder].join(', ') || 'nothing'}`;
}

function outside(file: string, folder: Folder, from: string): string | undefined {
  if (testFile.test(file) && (from.startsWith('node:') || testPackages.includes(from))) return undefined;
  if (testPackages.includes(from)) return `imports ${from}, which only tests may`;
  if (!pureFolders.includes(folder)) return undefined;
  const name = packageName(from);
  return purePackages[folder]?.includes(name)
    ? undefined
    : `imports ${from}: ${folder} is pure and may use ${purePackages[folder]?.join(', ') ?? 'no package'}`;
}

/** `@scope/name` or `name` of an import such as `name/part.js`. */
export function packageName(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}
