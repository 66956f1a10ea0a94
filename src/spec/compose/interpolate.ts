/** What became of a text with `$VARIABLE`s in it. */
export interface Interpolated {
  readonly text: string;
  /** Variables that were not set and had no default: they became empty. */
  readonly unset: readonly string[];
  /** Variables that `${NAME:?message}` requires and that were missing. */
  readonly missing: readonly { readonly name: string; readonly message: string }[];
  /** What is wrong with the text itself. */
  readonly broken?: string;
}

export type Lookup = (name: string) => string | undefined;

interface Found {
  readonly unset: Set<string>;
  readonly missing: { name: string; message: string }[];
  broken?: string;
}

const depthMax = 32;

/**
 * Puts variables into a text by the rules of Compose: `$A ${A} ${A:-b} ${A-b} ${A:?e} ${A?e} ${A:+c} ${A+c}` and
 * `$$` for a dollar sign. Defaults may hold variables themselves.
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  if (!text.includes('$')) return { text, unset: [], missing: [] };
  const found: Found = { unset: new Set(), missing: [] };
  const result = expand(text, lookup, found, 0);
  return {
    text: result,
    unset: [...found.unset],
    missing: found.missing,
    ...(found.broken === undefined ? {} : { broken: found.broken }),
  };
}

function expand(text: string, lookup: Lookup, found: Found, depth: number): string {
  if (depth > depthMax) {
    found.broken = 'defaults nest too deep';
    return text;
  }
  let out = '';
  let rest = text;
  for (;;) {
    const dollar = rest.indexOf('$');
    if (dollar < 0) return out + rest;
    out += rest.slice(0, dollar);
    rest = rest.slice(dollar + 1);
    if (rest.startsWith('$')) {
      out += '$';
      rest = rest.slice(1);
      continue;
    }
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (name !== undefined) {
      out += valueOf(name, lookup, found);
      rest = rest.slice(name.length);
      continue;
    }
    const length = rest.startsWith('{') ? closing(rest) : undefined;
    if (length === undefined) {
      found.broken = rest.startsWith('{') ? 'a ${ has no closing }' : 'a $ stands before no variable';
      return out + rest;
    }
    out += braced(rest.slice(1, length), lookup, found, depth);
    rest = rest.slice(length + 1);
  }
}

/** Where the `}` stands that closes the `{` at the beginning. */
function closing(text: string): number | undefined {
  let open = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '{' && (index === 0 || text[index - 1] === '$')) open += 1;
    else if (text[index] === '}') {
      open -= 1;
      if (open === 0) return index;
    }
  }
  return undefined;
}

function valueOf(name: string, lookup: Lookup, found: Found): string {
  const value = lookup(name);
  if (value === undefined) found.unset.add(name);
  return value ?? '';
}

function braced(inner: string, lookup: Lookup, found: Found, depth: number): string {
  const match = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(inner);
  const name = match?.[1];
  if (name === undefined) {
    found.broken = `\${${inner}} is no form that Compose knows`;
    return '';
  }
  const operator = match?.[2];
  if (operator === undefined) return valueOf(name, lookup, found);
  const value = lookup(name);
  const given = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  const argument = (): string => expand(match?.[3] ?? '', lookup, found, depth + 1);
  switch (operator.at(-1)) {
    case '-':
      return given ? (value ?? '') : argument();
    case '+':
      return given ? argument() : '';
    default:
      if (!given) found.missing.push({ name, message: argument() });
      return value ?? '';
  }
}
