// Adds up the CPU profiles of the server: self time by library or folder, and time by step. No I/O.

/** The parts of a V8 CPU profile that are used. Times are in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** Frames that V8 makes up. `(idle)` is no cost. */
const ARTIFICIAL: Readonly<Record<string, string | null>> = {
  '(garbage collector)': 'garbage collector',
  '(program)': 'native code and system calls',
  '(idle)': null,
  '(root)': null,
};

const LIBRARY = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/;
const NO_STEP = '(node)';
/** They have no file: bindings of Node, which contain its system calls, and builtins of V8. */
const NATIVE = 'native functions';

/** The library, the folder of src/ or the part of Node that a frame belongs to. Null: no cost. */
export function ownerOf({ functionName, url }: { functionName: string; url: string }): string | null {
  if (Object.hasOwn(ARTIFICIAL, functionName)) return ARTIFICIAL[functionName]!;
  const library = LIBRARY.exec(url)?.[1];
  if (library) return library;
  const folder = /\/(src\/[^/]+|local|migrations)\//.exec(url)?.[1];
  if (folder) return folder;
  if (url.startsWith('node:')) return 'node';
  return url.startsWith('file:') ? url.split('/').at(-1)! : NATIVE;
}

/** What a frame works for: its file of src/, else what its caller works for if that is a file of src/, else its library.
 *  Work that a promise or a socket resumes has no file of src/ on its stack. */
function stepOf(url: string, callers: string): string {
  const file = /\/(src\/.+\.ts)$/.exec(url)?.[1];
  if (file) return file;
  const library = LIBRARY.exec(url)?.[1];
  return library !== undefined && !callers.startsWith('src/') ? `(${library})` : callers;
}

export interface Breakdown {
  /** Milliseconds of self time by library or folder. */
  readonly byOwner: Readonly<Record<string, number>>;
  /** Milliseconds by what the work was done for: the innermost file of src/ on the stack, else the innermost library. */
  readonly byStep: Readonly<Record<string, number>>;
}

/** Adds up the profiles. */
export function breakDown(profiles: readonly CpuProfile[]): Breakdown {
  const [byOwner, byStep]: Record<string, number>[] = [{}, {}];
  for (const profile of profiles) {
    const selfUs = selfTimes(profile);
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const walk = (id: number, callers: string): void => {
      const { callFrame, children = [] } = nodes.get(id)!;
      const step = stepOf(callFrame.url, callers);
      const owner = ownerOf(callFrame);
      const ms = (selfUs.get(id) ?? 0) / 1000;
      if (owner !== null && ms > 0) {
        byOwner![owner] = (byOwner![owner] ?? 0) + ms;
        byStep![step] = (byStep![step] ?? 0) + ms;
      }
      for (const child of children) walk(child, step);
    };
    if (profile.nodes.length > 0) walk(profile.nodes[0]!.id, NO_STEP);
  }
  return { byOwner: byOwner!, byStep: byStep! };
}

/** The time that follows a sample, until the next one, belongs to the node of the sample. */
function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  return times;
}

const SHOWN = 25;

/** Lines with microseconds per turn, the largest first. */
export function breakdownLines(ms: Readonly<Record<string, number>>, turns: number): string[] {
  const sorted = Object.entries(ms).toSorted(([, a], [, b]) => b - a);
  const [shown, rest] = [sorted.slice(0, SHOWN), sorted.slice(SHOWN)];
  const others = rest.reduce((sum, [, each]) => sum + each, 0);
  const line = (name: string, each: number) => `${((each * 1000) / turns).toFixed(0).padStart(7)} µs  ${name}`;
  return [...shown.map(([name, each]) => line(name, each)), ...(others > 0 ? [line('all others', others)] : [])];
}
