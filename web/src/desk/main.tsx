import { start } from '../shell/start.tsx';
import '../styles/desk.css';
import '../styles/desk-calls.css';
import { DeskPage } from './DeskPage.tsx';

start('desk', (session) => <DeskPage me={session.name} />);
