import type { ComponentChildren } from 'preact';
import { loadSession, PLACES, signedIn, type Place } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import { Bones } from '../parts/Bones.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import { Bar } from './Bar.tsx';
import { LinkState } from './LinkState.tsx';
import { SignIn } from './SignIn.tsx';

interface Props {
  readonly place: Place;
  readonly children: (session: Session) => ComponentChildren;
}

function Inside({ place, children }: Props) {
  const state = signedIn.value;
  if (state.state === 'loading') return <Bones what="who you are" />;
  if (state.state === 'unknown') return <SignIn />;
  if (state.state === 'failed')
    return (
      <main class="middle">
        <Notice kind="bad" action={{ label: 'Try again', act: () => void loadSession() }}>
          {state.why}
        </Notice>
      </main>
    );
  const { session } = state;
  if (!PLACES[place].roles.includes(session.role))
    return (
      <main class="middle">
        <Empty title="Not for this key">
          <p>
            {session.name} has the role {session.role}, which has no right to this place. Sign in with another key, or
            go to a place above.
          </p>
        </Empty>
      </main>
    );
  return children(session);
}

/** What all places have around them. */
export function Shell(props: Props) {
  const state = signedIn.value;
  return (
    <div class="shell">
      <Bar place={props.place} session={state.state === 'in' ? state.session : null} />
      <LinkState />
      <div class="place">
        <Inside {...props} />
      </div>
    </div>
  );
}
