import { pathTo } from '../api/call.ts';
import { MemoryPanel } from '../user/MemoryPanel.tsx';
import { EraseUser } from './EraseUser.tsx';
import { UserTurnsTable } from './UserTurnsTable.tsx';
import { hrefOf } from './use-section.ts';

/** Turns, memory, export and erasure of one user. */
export const UserPage = ({ userId }: { readonly userId: string }) => (
  <>
    <p class="small">
      <a href={hrefOf('users')}>← Find another user</a>
    </p>
    <div class="row">
      <h2 class="grow user-title text">{userId}</h2>
      <a class="button" href={pathTo(['users', userId, 'export'])} download>
        Export
      </a>
    </div>
    <div class="halves">
      <UserTurnsTable userId={userId} />
      <div class="stack">
        <div class="card">
          <h2>Memory</h2>
          <MemoryPanel userId={userId} />
        </div>
        <EraseUser userId={userId} />
      </div>
    </div>
  </>
);
