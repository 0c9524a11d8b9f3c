import type { OutlierView } from '../model/ejection.ts';
import { type EjectionChange, OutlierDetector } from '../outlier/detector.ts';
import type { OutlierOptions } from '../outlier/options.ts';
import type { Clock } from '../util/clock.ts';
import type { UpstreamEndpointState, UpstreamObserver } from './options.ts';
import type { AttemptResults } from './stream-handler.ts';

/** What ejections of a cluster need. */
interface EjectionsDeps {
  readonly clock: Clock;
  readonly onStates: (states: readonly UpstreamEndpointState[]) => void;
  readonly onChange: (change: EjectionChange) => void;
}

/** What outlier detection makes of the endpoints of a cluster: it lies over what is known of their health. */
export class Ejections {
  readonly #detector: OutlierDetector;
  #given: readonly UpstreamEndpointState[] = [];
  #isClosed = false;

  constructor(options: OutlierOptions, { clock, onStates, onChange }: EjectionsDeps) {
    this.#detector = new OutlierDetector(options, {
      clock,
      onChange: (change) => {
        // Calls that end with their cluster still report.
        if (!this.#isClosed) {
          onStates(this.states);
          onChange(change);
        }
      },
    });
  }

  /** What is known at this moment. */
  get view(): OutlierView {
    return this.#detector;
  }

  /** The endpoints of the last update; those that would get calls and are ejected have that for a state. */
  get states(): readonly UpstreamEndpointState[] {
    const { ejections } = this.#detector;
    return ejections.size === 0
      ? this.#given
      : this.#given.map((each) => (ejections.has(each.endpoint.key) ? toEjected(each) : each));
  }

  /** Takes a new set of endpoints, or news of their health. */
  update(states: readonly UpstreamEndpointState[]): void {
    this.#given = states;
    this.#detector.update(states.map(({ endpoint }) => endpoint.key));
  }

  /** Null for an endpoint that is not listed. */
  resultsOf(key: string): AttemptResults | null {
    return this.#detector.resultsOf(key);
  }

  /** A health check has passed; the endpoint is healthy by checks. */
  onCheckPassed(key: string): void {
    this.#detector.onCheckPassed(key);
  }

  /** From now on nothing changes. May be called again. */
  close(): void {
    this.#isClosed = true;
    this.#detector.close();
  }
}

/**
 * Null where the options have no outlier detection.
 *
 * @param onStates takes `states` whenever they have changed without an update, before the observer is told; from within the call that led to it.
 */
export function createEjections(
  { name, outlier }: { readonly name: string; readonly outlier?: OutlierOptions | null | undefined },
  { clock, observer }: { readonly clock: Clock; readonly observer: Pick<UpstreamObserver, 'onEjection'> },
  onStates: (states: readonly UpstreamEndpointState[]) => void,
): Ejections | null {
  const onChange = (change: EjectionChange): void => observer.onEjection?.(name, change);
  return outlier === undefined || outlier === null ? null : new Ejections(outlier, { clock, onStates, onChange });
}

function toEjected(state: UpstreamEndpointState): UpstreamEndpointState {
  return state.state === 'healthy' || state.state === 'degraded' ? { ...state, state: 'ejected' } : state;
}
