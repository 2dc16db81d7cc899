import type { ComponentChildren } from 'preact';
import { loadSession, PAGES, signedIn, type PageName } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import { Bar } from './Bar.tsx';
import { LinkState } from './LinkState.tsx';
import { SignIn } from './SignIn.tsx';

interface Props {
  readonly page: PageName;
  readonly children: (session: Session) => ComponentChildren;
}

function Content({ page, children }: Props) {
  const state = signedIn.value;
  if (state.state === 'loading') return <LoadingPlaceholder what="your session" />;
  if (state.state === 'signed-out') return <SignIn />;
  if (state.state === 'failed')
    return (
      <main class="middle">
        <Notice kind="bad" action={{ label: 'Try again', act: () => void loadSession() }}>
          {state.message}
        </Notice>
      </main>
    );
  const { session } = state;
  if (!PAGES[page].roles.includes(session.role))
    return (
      <main class="middle">
        <Empty title="No access">
          <p>
            {session.name} has the role {session.role}, which cannot open this page. Sign in with another key or choose
            another page.
          </p>
        </Empty>
      </main>
    );
  return children(session);
}

/** The frame of every page. */
export function Shell(props: Props) {
  const state = signedIn.value;
  return (
    <div class="shell">
      <Bar page={props.page} session={state.state === 'in' ? state.session : null} />
      <LinkState />
      <div class="place">
        <Content {...props} />
      </div>
    </div>
  );
}
