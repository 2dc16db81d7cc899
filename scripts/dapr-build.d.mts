// Types of what the TypeScript side uses of dapr-build.mjs, which must run on an older Node.
export interface DaprPaths {
  readonly dir: string;
  readonly daprd: string;
  readonly placement: string;
  /** Both binaries are there. */
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
/** Where the binaries are, or would be; null: this checkout has no sidecar module. */
export function daprPaths(options?: Pick<DaprBuildOptions, 'root' | 'env'>): DaprPaths | null;
/** Builds them unless they are there. */
export function buildDapr(options?: DaprBuildOptions): Promise<DaprPaths>;

/** Where what is built once for a user of this machine is kept. */
export function cacheFolder(env: NodeJS.ProcessEnv): string;
