/** Loads a module anew, as a page does: with `self`, which older clients look for when they are loaded. */
export async function loadInBrowser<Module>(name: string): Promise<Module> {
  const globals = globalThis as { self?: unknown };
  globals.self = globalThis;
  try {
    return (await import(`${import.meta.resolve(name)}?in-browser`)) as Module;
  } finally {
    delete globals.self;
  }
}
