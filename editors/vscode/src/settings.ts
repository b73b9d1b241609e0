/**
 * The editor's layer of Alfine's settings: what the user set here, and nothing else.
 *
 * VS Code would send every default as if the user had chosen it, over the repository's `alfine.toml`.
 */

/** A setting's layers, as VS Code reports them. */
export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** The settings of this extension alone, which the server does not know. */
const ownSettings = ['server', 'trace', 'notify', 'criteria'];

/** The settings' paths below `alfine` that the server reads. */
export function serverKeys(properties: Iterable<string>): string[] {
  return [...properties]
    .filter((key) => key.startsWith('alfine.'))
    .map((key) => key.slice('alfine.'.length))
    .filter((key) => !ownSettings.includes(key.split('.')[0] ?? ''));
}

/** What the user set, nested as in `alfine.toml`. */
export function explicit(
  keys: Iterable<string>,
  inspect: (key: string) => Inspected | undefined,
  get: (key: string) => unknown,
): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const key of keys) {
    const layers = inspect(key);
    const isSet =
      layers?.globalValue !== undefined ||
      layers?.workspaceValue !== undefined ||
      layers?.workspaceFolderValue !== undefined;
    if (!isSet) continue;
    const path = key.split('.');
    const last = path.pop() ?? key;
    let table = root;
    for (const part of path) table = (table[part] ??= {}) as Record<string, unknown>;
    table[last] = get(key);
  }
  return root;
}
