// steerdns schema [zone|server]: the JSON Schema of a YAML file, for editors that complete and check it while
// it is written.
import { jsonSchema, schemaNames } from '../config/schema.ts';
import { suggest } from '../near.ts';
import { type Command, complain, EXIT, options } from './command.ts';

export const command: Command = {
  usage: `[${schemaNames.join('|')}]`,
  options: { json: options.json },
  positionalsMin: 0,
  positionalsMax: 1,
  async run(_values, [asked = 'zone']) {
    const name = schemaNames.find((one) => one === asked);
    if (name === undefined) {
      complain(`there is no schema "${asked}": ${suggest(asked, schemaNames)}`);
      return EXIT.usage;
    }
    process.stdout.write(`${JSON.stringify(jsonSchema(name), null, 2)}\n`);
    return EXIT.done;
  },
};
