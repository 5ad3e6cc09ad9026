// What looks and needs nothing else of control: how probes and responses went lately, what a token allows,
// this API itself. Some handlers of the routes, for control.ts.
import type { Monitors } from '../health/monitor.ts';
import type { ToServer } from '../serve/channel.ts';
import type { Caller } from './admin.ts';
import { evidenceReply, latenciesReply } from './evidence.ts';
import type { FactsDesk } from './facts.ts';
import { Latencies } from './latencies.ts';
import { openApi } from './openapi.ts';
import type { Publisher } from './publish.ts';
import { Rates } from './rates.ts';
import type { Handlers } from './routes.ts';
import { generationOf, healthz } from './service.ts';
import { zoneText } from './zonetext.ts';

type Around = {
  readonly publisher: Publisher;
  readonly monitors: Monitors;
  readonly facts: FactsDesk;
};

type Names =
  | 'generation'
  | 'healthz'
  | 'zone'
  | 'rates'
  | 'latencies'
  | 'evidence'
  | 'token'
  | 'openapi.json';

export class Glance {
  readonly rates: Rates;
  readonly latencies: Latencies;
  readonly handlers: Pick<Handlers, `GET /${Names}`>;

  /** `around` is asked when somebody asks: there is nothing yet when control is made. */
  constructor(send: (message: ToServer) => void, around: () => Around) {
    this.rates = new Rates(send);
    this.latencies = new Latencies((key) => around().monitors.state(key) !== undefined);
    const sources = () => {
      const { publisher, monitors } = around();
      return { publisher, stateOf: (key: string) => monitors.state(key), latencies: this.latencies };
    };
    this.handlers = {
      'GET /healthz': () => healthz(around().publisher.generation),
      'GET /generation': async () => {
        const { publisher, facts } = around();
        return generationOf(publisher.generation, await facts.ask());
      },
      'GET /zone': (parameters) => zoneText(around().publisher.zones(), parameters),
      'GET /rates': (parameters) => this.rates.reply(parameters),
      'GET /latencies': (parameters) => latenciesReply(sources(), parameters),
      'GET /evidence': (parameters) => evidenceReply(sources(), parameters),
      'GET /token': (_, caller) => ({ status: 200, body: tokenOf(caller) }),
      'GET /openapi.json': () => ({ status: 200, body: openApi() }),
    };
  }
}

/** What whoever asks may do; on the control socket there is no token, and everything is allowed. */
function tokenOf({ token }: Caller) {
  return { name: token?.name, scope: token?.scope ?? 'operate', until: token?.until };
}
