import { BasePlugin, definePlugin, type Reply, type RequestData } from '@plugmesh/sdk';
import { openapi } from './openapi.ts';

class Example extends BasePlugin {
  static readonly openapi = openapi;

  async requestHandler({ name = 'world' }: RequestData): Promise<Reply> {
    await this.context.publish('example', 'greeted', { name });
    return [200, { example: `${String(this.parameters['greeting'])}, ${String(name)}` }];
  }
}

definePlugin(Example);
