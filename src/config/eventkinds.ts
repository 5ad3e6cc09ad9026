// Kinds of events, each with what it says: settings, commands and readers of events choose by kind.

export const eventKinds = {
  verdict: 'an endpoint is judged otherwise than before',
  unjudged: 'an endpoint cannot be judged',
  judged: 'an endpoint that could not be judged can be again',
  prober: 'nobody answers the prober, or somebody does again',
  reload: 'a reload was taken into service or refused',
  publication: 'answers changed because health did',
  hand: 'an operator drained, raised, lowered or weighed something, or took that back',
} as const;

export type EventKind = keyof typeof eventKinds;
