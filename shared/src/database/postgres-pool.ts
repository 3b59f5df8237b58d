import { Pool, types } from 'pg';

const CONNECT_MS = 5000;
const CONNECTIONS = 10;

/** Connections to PostgreSQL, made when they are needed. */
export function postgresPool(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    // Times are counted in milliseconds, which JavaScript's numbers hold.
    types: {
      getTypeParser: (type, format) =>
        type === types.builtins.INT8
          ? Number
          : (types.getTypeParser(type, format) as (text: string) => unknown),
    },
  });
  // An idle connection that breaks is opened anew when it is needed; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}
