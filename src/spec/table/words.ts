import type { Shape } from './shape.ts';

/** What a value has to be, for messages: `a list of texts`. */
export function expected(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.is ?? 'text';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'size':
      return 'a size such as 64m or 2g';
    case 'duration':
      return 'a duration such as 500ms, 10s or 1m30s';
    case 'choice':
      return `one of ${shape.values.join(', ')}`;
    case 'command':
      return 'a command, as text or as a list of words,';
    case 'list':
      return shape.orOne ? `${expected(shape.of)} or a list` : 'a list';
    case 'map':
      return shape.orList ? 'a list of names or a mapping' : 'a mapping';
    case 'pairs':
      return 'a mapping or a list of KEY=value';
    case 'hosts':
      return 'a mapping of names to addresses or a list of name=address';
    case 'object':
      return shape.short === undefined ? 'a mapping' : 'text or a mapping';
    case 'either':
      return shape.of.map(expected).join(' or ');
    case 'anything':
      return 'anything';
  }
}

/** The shape in a word or two, for the column of a table: `list of text`. */
export function brief(shape: Shape): string {
  switch (shape.kind) {
    case 'choice':
      return shape.values.map((value) => `\`${value}\``).join(' ');
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'text':
      return 'text';
    case 'command':
      return 'text or list';
    case 'pairs':
      return 'mapping or list of `KEY=value`';
    case 'hosts':
      return 'mapping or list of `name=address`';
    case 'list':
      return `${shape.orOne ? 'one, or ' : ''}list of ${brief(shape.of)}`;
    case 'map':
      return `${shape.orList ? 'list of names or ' : ''}mapping of ${brief(shape.of)}`;
    case 'object':
      return shape.short === undefined ? 'mapping' : 'text or mapping';
    case 'either':
      return shape.of.map(brief).join(' or ');
    case 'size':
    case 'duration':
    case 'anything':
      return shape.kind;
  }
}
