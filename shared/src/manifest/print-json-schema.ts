// Prints the JSON Schema of plugin.json:
// node shared/src/manifest/print-json-schema.ts | npx prettier --parser json > docs/reference/plugin.schema.json
import { manifestJsonSchema } from './json-schema.ts';

console.log(JSON.stringify(manifestJsonSchema(), null, 2));
