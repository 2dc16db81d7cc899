// The environment variables that the assistants file names. No I/O.

/** The variables with keys, secrets and headers. An empty one counts as not set. Null: this process calls no models and no
 *  tools, so it needs none. */
export type Environment = Readonly<Record<string, string | undefined>> | null;

/** The value of an environment variable; undefined: it is not set. The environment of a process inherits other members. */
export function variableOf(environment: Environment, name: string): string | undefined {
  const value: unknown = environment?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The fault of a member that names a variable: the variable is not set, or `faultOf` finds one in its value. */
export function faultOfVariable(
  environment: Environment,
  name: string | undefined,
  faultOf: (value: string) => string | null = () => null,
): string | null {
  if (name === undefined || environment === null) return null;
  const value = variableOf(environment, name);
  if (value === undefined) return `the environment variable ${name} is not set`;
  const fault = faultOf(value);
  return fault === null ? null : `the environment variable ${name} ${fault}`;
}

/** Standard Webhooks secrets are base64. */
const SECRET = /^(?:whsec_)?(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/;
/** What is wrong with a secret that signs requests; null: nothing. */
export const faultOfSecret = (value: string): string | null =>
  SECRET.test(value) ? null : 'must be a secret such as whsec_ and base64';
