// steerdns version: the package's version, and what it runs on.
import { version } from '../version.ts';
import { type Command, EXIT, options } from './command.ts';

export const command: Command = {
  usage: '',
  options: { json: options.json },
  positionalsMin: 0,
  positionalsMax: 0,
  async run(values) {
    const about = {
      steerdns: version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    process.stdout.write(values.json === true ? JSON.stringify(about) + '\n' : `steerdns ${version}\n`);
    return EXIT.done;
  },
};
