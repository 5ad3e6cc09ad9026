// The OpenAPI document of the admin API, made of the table of routes: it cannot say anything else than they
// do.
import { version } from '../version.ts';
import { type Route, routes } from './routes.ts';

const refusal = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
});

/** Makes the document. */
export function openApi(): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const [method = '', path = ''] = name.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'steerdns', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'steerdns token NAME' } },
      schemas: {
        Refusal: {
          type: 'object',
          required: ['error', 'hint'],
          properties: { error: { type: 'string' }, hint: { type: 'string' } },
        },
      },
    },
  };
}

function operation(name: string, { scope, summary, parameters = {}, types }: Route): unknown {
  const schemaOf = (type: string) => ({ [type]: { schema: type === 'application/json' ? {} : string } });
  const content = Object.assign({}, ...(types ?? ['application/json']).map(schemaOf));
  return {
    operationId: name.toLowerCase().replace(/[^a-z]+/g, '-'),
    summary,
    'x-scope': scope,
    parameters: Object.entries(parameters).map(
      ([parameter, { what, required = false, repeated = false }]) => ({
        name: parameter,
        in: 'query',
        required,
        description: what,
        schema: repeated ? { type: 'array', items: string } : string,
      }),
    ),
    responses: {
      200: { description: 'done', content },
      400: refusal('a parameter is missing, unknown or wrong'),
      401: refusal('no token, or none that is good'),
      403: refusal(`a token without the scope ${scope}, or a foreign Host or Origin`),
      ...(scope === 'operate' ? { 422: { description: 'refused; nothing has changed' } } : {}),
      500: refusal('a mistake in steerdns'),
      503: refusal('not now'),
    },
  };
}

const string = { type: 'string' } as const;
