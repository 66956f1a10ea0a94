// The beginning of dist/ballast. The parts of the program are assets of the executable, each with its code cache, and
// are loaded when they are first asked for: an agent never holds the server's code in memory. `require` of the
// executable knows Node's own modules only, so the parts get this one.
const parts = new Map();
function need(id) {
  if (!id.startsWith('./')) {
    const own = process.getBuiltinModule(id);
    // Packages ask for others that they can do without, and take anything but an error for a yes.
    if (own === undefined) throw new Error(`Cannot find module '${id}'`);
    return own;
  }
  let part = parts.get(id);
  if (part === undefined) {
    part = { exports: {} };
    parts.set(id, part);
    const { getAsset, getRawAsset } = process.getBuiltinModule('node:sea');
    const { Script } = process.getBuiltinModule('node:vm');
    const name = id.slice(2);
    const cachedData = new Uint8Array(getRawAsset(`${name}.cache`));
    const script = new Script(getAsset(name, 'utf8'), { filename: name, cachedData });
    script.runInThisContext()(part.exports, need, part);
  }
  return part.exports;
}

// The first part: the others may ask for it.
function begin(id, run) {
  const part = { exports: {} };
  parts.set(id, part);
  run(part.exports, need, part);
}
