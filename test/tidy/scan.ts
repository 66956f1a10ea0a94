import { parseAst } from 'rolldown/parseAst';

/** What the tidy test wants to know of one source file. Lines count from 1. */
export interface Scan {
  readonly imports: readonly Import[];
  /** `lines` are a function's own: those of functions inside it count for them, but for one line each. */
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number }[];
  /** Uses of what the pure core must do without: clock, randomness, async. */
  readonly impurities: readonly Found[];
  /** Shapes that are banned everywhere: default exports, enums, namespaces, parameter properties. */
  readonly banned: readonly Found[];
}

export interface Import {
  readonly from: string;
  readonly line: number;
  readonly dynamic: boolean;
}

export interface Found {
  readonly what: string;
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Reads the syntax tree of a file, types and all; nothing is guessed from text. */
export function scan(text: string): Scan {
  const lineAt = lineFinder(text);
  const imports: Import[] = [];
  const functions: { name: string; line: number; lines: number }[] = [];
  const impurities: Found[] = [];
  const banned: Found[] = [];
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, (node, parent) => {
    const line = lineAt(node.start);
    const from = importSource(node);
    if (from !== undefined) imports.push({ from, line, dynamic: node.type === 'ImportExpression' });
    if (isFunction(node)) {
      functions.push({ name: functionName(node, parent), line, lines: ownLines(node, lineAt) });
    }
    const impure = impurity(node);
    if (impure !== undefined) impurities.push({ what: impure, line });
    const bad = bannedShape(node);
    if (bad !== undefined) banned.push({ what: bad, line });
  });
  return { imports, functions, impurities, banned };
}

function visit(node: Node, look: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  look(node, parent);
  for (const child of children(node)) visit(child, look, node);
}

function children(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function importSource(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType': {
      const source = node['source'];
      if (!isNode(source)) return undefined;
      return typeof source['value'] === 'string' ? source['value'] : '(computed)';
    }
    default:
      return undefined;
  }
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const isFunction = (node: Node): boolean => functionTypes.has(node.type);

function ownLines(node: Node, lineAt: (offset: number) => number): number {
  const height = (one: Node): number => lineAt(one.end) - lineAt(one.start);
  return height(node) + 1 - inside(node).reduce((sum, inner) => sum + height(inner), 0);
}

/** The functions directly inside a node, not those inside them. */
function inside(node: Node): Node[] {
  return children(node).flatMap((child) => (isFunction(child) ? [child] : inside(child)));
}

function functionName(node: Node, parent: Node | undefined): string {
  for (const holder of [node['id'], parent?.['id'], parent?.['key']]) {
    if (isNode(holder) && typeof holder['name'] === 'string') return holder['name'];
  }
  return '(anonymous)';
}

function impurity(node: Node): string | undefined {
  if (isFunction(node) && node['async'] === true) return 'async function';
  if (node.type === 'AwaitExpression') return 'await';
  if (node.type === 'ForOfStatement' && node['await'] === true) return 'for await';
  if (node.type === 'ImportExpression') return 'dynamic import';
  if (node.type === 'Identifier' && node['name'] === 'Promise') return 'Promise';
  if (node.type === 'Identifier' && node['name'] === 'globalThis') return 'globalThis';
  if (isNamed(node['callee'], 'Date') && (node.type === 'CallExpression' || isEmpty(node['arguments']))) {
    return 'the clock (new Date())';
  }
  if (node.type !== 'MemberExpression' || !isNode(node['property'])) return undefined;
  const property = node['property']['name'] ?? node['property']['value'];
  if (isNamed(node['object'], 'Date') && property === 'now') return 'the clock (Date.now)';
  if (isNamed(node['object'], 'Math') && property === 'random') return 'randomness (Math.random)';
  return undefined;
}

const isNamed = (node: unknown, name: string): boolean =>
  isNode(node) && node.type === 'Identifier' && node['name'] === name;
const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;

function bannedShape(node: Node): string | undefined {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return 'default export';
    case 'TSEnumDeclaration':
      return 'enum';
    case 'TSModuleDeclaration':
      return 'namespace';
    case 'TSParameterProperty':
      return 'parameter property';
    default:
      return undefined;
  }
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
