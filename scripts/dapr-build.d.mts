// Types of the exports of dapr-build.mjs, which is plain JavaScript because it also runs on Node 20.
export interface DaprPaths {
  readonly dir: string;
  readonly daprd: string;
  readonly placement: string;
  /** Whether both binaries exist. */
  readonly built: boolean;
}
export interface DaprBuildOptions {
  readonly root?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}
export class DaprBuildError extends Error {
  readonly code: 'NO_GO' | 'BUILD_FAILED' | 'ABORTED';
}
/** Paths of the binaries, which may not exist yet. Null: this checkout has no sidecar module. */
export function daprPaths(options?: Pick<DaprBuildOptions, 'root' | 'env'>): DaprPaths | null;
/** Builds the binaries if they are missing. @throws DaprBuildError */
export function buildDapr(options?: DaprBuildOptions): Promise<DaprPaths>;

/** Cache folder of the user for everything that is built once per machine. */
export function cacheFolder(env: NodeJS.ProcessEnv): string;
