import { render, type ComponentChildren } from 'preact';
import '../styles/base.css';
import '../styles/parts.css';
import { loadSession, type PageName } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import { Shell } from './Shell.tsx';

/** Renders a page. `show` is called once the session is loaded. */
export function start(page: PageName, show: (session: Session) => ComponentChildren): void {
  render(<Shell page={page}>{show}</Shell>, document.querySelector('#app')!);
  void loadSession();
}
