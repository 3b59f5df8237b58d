import type { ServiceStatus } from '../service-runner.ts';

/** How a plugin is, as its health route says. */
export interface PluginHealth {
  readonly state: 'starting' | 'ready' | 'disabled' | 'draining';
  /** Why it is disabled. */
  readonly reason?: string;
  /** Background services by their name, when it has some. */
  readonly services?: Readonly<Record<string, ServiceStatus>>;
}

/** An answer that a server of any kind can give. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the health route answers: 200 when the plugin is ready, else 503. */
export function healthAnswer(health: PluginHealth): HealthAnswer {
  return {
    status: health.state === 'ready' ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(health),
  };
}

/** Whether requests are answered: while draining, those that are already on their way here still are. */
export function isServing({ state }: PluginHealth): boolean {
  return state === 'ready' || state === 'draining';
}
