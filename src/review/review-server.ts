import type { Access } from './access.js';
import type { Rerun } from './ask/rerun.js';
import type { ReviewImages } from './images/review-images.js';
import type { ReviewSession } from './review-session.js';

/** How the server listens. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly allowedHosts?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly receiveTimeoutSec: number;
}

/** What all routes share. */
export interface ReviewServer {
  readonly session: ReviewSession;
  readonly images: ReviewImages;
  readonly access: Access;
  readonly listen: ListenOptions;
  readonly rerun: Rerun; // how the run is brought up to date
  readonly note: (message: string) => void; // for the terminal
}
