// steerdns status: what needs somebody, then how everything is.
import { statusCommand } from './statuscommand.ts';
import { statusText } from './statustext.ts';

export const command = statusCommand((status) => status, statusText);
