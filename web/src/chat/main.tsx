import { start } from '../shell/start.tsx';
import '../styles/user.css';
import '../styles/chat.css';
import { ChatPage } from './ChatPage.tsx';

start('chat', (session) => <ChatPage session={session} />);
