import { start } from '../shell/start.tsx';
import '../styles/user.css';
import '../styles/operations.css';
import { OperationsPage } from './OperationsPage.tsx';

start('operations', () => <OperationsPage />);
