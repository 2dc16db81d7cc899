import { render, type ComponentChildren } from 'preact';
import '../styles/base.css';
import '../styles/parts.css';
import { loadSession, type Place } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import { Shell } from './Shell.tsx';

/** Shows a place in the page, once it is known who is there. */
export function start(place: Place, show: (session: Session) => ComponentChildren): void {
  render(<Shell place={place}>{show}</Shell>, document.querySelector('#app')!);
  void loadSession();
}
