import { DeadLetters } from './DeadLetters.tsx';
import { Overview } from './Overview.tsx';
import { UserLookup } from './UserLookup.tsx';
import { UserPage } from './UserPage.tsx';
import { hrefOf, useSection, type Section } from './use-section.ts';

const SECTIONS: Readonly<Record<Section['name'], string>> = {
  overview: 'Overview',
  'dead-letters': 'Dead letters',
  users: 'Users',
};

const show = (section: Section) => {
  switch (section.name) {
    case 'overview':
      return <Overview />;
    case 'dead-letters':
      return <DeadLetters />;
    case 'users':
      return section.userId === null ? <UserLookup /> : <UserPage key={section.userId} userId={section.userId} />;
  }
};

/** The operations page: overview, dead letters and users. */
export function OperationsPage() {
  const section = useSection();
  return (
    <div class="operations">
      <nav class="sections" aria-label="Sections">
        {Object.entries(SECTIONS).map(([name, title]) => (
          <a
            key={name}
            href={hrefOf(name as Section['name'])}
            aria-current={name === section.name ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
        <a href="/admin/queues">Queue board ↗</a>
      </nav>
      <main class="operations-main">
        <h1 class="hidden">Operations: {SECTIONS[section.name]}</h1>
        {show(section)}
      </main>
    </div>
  );
}
